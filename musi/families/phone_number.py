"""Recall the four-digit extension of somebody in the office.

problem   {"names": ["Ada", "Leo"], "numbers": [4521, 8067], "asked": 1}
context   In the office, Ada has extension 4521 and Leo has extension 8067.
answer    8067
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {
        "names": rng.sample(lang.names, size),
        "numbers": [rng.randint(1000, 9999) for _ in range(size)],
        "asked": rng.below(size),
    }


def solve(params: Params, lang: Language) -> str:
    return str(params["numbers"][params["asked"]])


def slots(params: Params, lang: Language) -> Slots:
    return {
        "numbers": lang.parts("phone_number", name=params["names"], number=list(map(str, params["numbers"]))),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="phone_number",
    group="recall of context",
    memory="content",
    answer="integer",
    capacity=(60 * 9000) ** 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
