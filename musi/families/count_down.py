"""Count down from one number to another: a long answer that pushes later stages away from the prompt.

problem   {"start": 44, "end": 40}
answer    44, 43, 42, 41, 40
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return stretch(rng, lang, rng.randint(5, 15))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    end = rng.randint(1, 400)
    return {"start": end + words - 1, "end": end}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(list(map(str, range(params["start"], params["end"] - 1, -1))))


def slots(params: Params, lang: Language) -> Slots:
    return {"start": str(params["start"]), "end": str(params["end"])}


FAMILY = Family(
    name="count_down",
    group="counting and arithmetic",
    memory="instruction",
    answer="items",
    capacity=400 * 11,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
