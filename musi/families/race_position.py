"""Recall who finished a race in a given place: the order in which the context names the runners.

problem   {"names": ["Ada", "Leo", "Mia"], "asked": 2}
context   The runners crossed the finish line in this order: Ada, Leo and Mia.
answer    Mia
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(4, 7)
    return {"names": rng.sample(lang.names, size), "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return params["names"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"]), "place": lang.ordinals[params["asked"]]}


FAMILY = Family(
    name="race_position",
    group="recall of context",
    memory="order",
    answer="text",
    capacity=90**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
