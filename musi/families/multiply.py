"""Multiply a number of two digits by one of one digit.

problem   {"numbers": [34, 6]}
answer    204
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"numbers": [rng.randint(10, 99), rng.randint(2, 9)]}


def solve(params: Params, lang: Language) -> str:
    large, small = params["numbers"]
    return str(large * small)


def slots(params: Params, lang: Language) -> Slots:
    large, small = params["numbers"]
    return {"large": str(large), "small": str(small)}


FAMILY = Family(
    name="multiply",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=90 * 8,
    generate=generate,
    solve=solve,
    slots=slots,
)
