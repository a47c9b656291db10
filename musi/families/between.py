"""Recall who sits between two people on the bench.

problem   {"names": ["Ada", "Leo", "Mia", "Tom"], "asked": 2, "swapped": true}
context   On the bench sit, from left to right, Ada, Leo, Mia and Tom.
answer    Mia
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(4, 7)
    return {"names": rng.sample(lang.names, size), "asked": rng.randint(1, size - 2), "swapped": rng.chance(0.5)}


def solve(params: Params, lang: Language) -> str:
    return params["names"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    names, asked = params["names"], params["asked"]
    one, other = names[asked - 1], names[asked + 1]
    if params["swapped"]:
        one, other = other, one
    return {"names": lang.join(names), "one": one, "other": other}


FAMILY = Family(
    name="between",
    group="recall of context",
    memory="order",
    answer="text",
    capacity=60**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
