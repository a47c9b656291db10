"""Take one number from a larger one.

problem   {"numbers": [83, 27]}
answer    56
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    small, large = sorted(rng.sample(range(20, 300), 2))
    return {"numbers": [large, small]}


def solve(params: Params, lang: Language) -> str:
    large, small = params["numbers"]
    return str(large - small)


def slots(params: Params, lang: Language) -> Slots:
    large, small = params["numbers"]
    return {"large": str(large), "small": str(small)}


FAMILY = Family(
    name="subtract",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=280 * 279 // 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
