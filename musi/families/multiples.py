"""List the multiples of a number: a long answer that pushes later stages away from the prompt.

problem   {"base": 7, "count": 4}
answer    7, 14, 21, 28
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return stretch(rng, lang, rng.randint(5, 15))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    return {"base": rng.randint(2, 60), "count": words}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([str(params["base"] * factor) for factor in range(1, params["count"] + 1)])


def slots(params: Params, lang: Language) -> Slots:
    return {"base": str(params["base"]), "count": str(params["count"])}


FAMILY = Family(
    name="multiples",
    group="counting and arithmetic",
    memory="instruction",
    answer="items",
    capacity=59 * 11,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
