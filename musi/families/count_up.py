"""Count from one number to another: a long answer that pushes later stages away from the prompt.

problem   {"start": 40, "end": 44}
answer    40, 41, 42, 43, 44
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return stretch(rng, lang, rng.randint(5, 15))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    start = rng.randint(1, 400)
    return {"start": start, "end": start + words - 1}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(list(map(str, range(params["start"], params["end"] + 1))))


def slots(params: Params, lang: Language) -> Slots:
    return {"start": str(params["start"]), "end": str(params["end"])}


FAMILY = Family(
    name="count_up",
    group="counting and arithmetic",
    memory="instruction",
    answer="items",
    capacity=400 * 11,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
