"""Write a pair of words again and again: a long answer that pushes later stages away from the prompt.

problem   {"words": ["river", "lamp"], "times": 3}
answer    river lamp, river lamp, river lamp
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language, count_words
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return stretch(rng, lang, rng.randint(6, 16))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    pair = rng.sample(lang.nouns, 2)
    size = count_words(lang.word_gap.join(pair))
    return {"words": pair, "times": (words + size - 1) // size}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([lang.word_gap.join(params["words"])] * params["times"])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.word_gap.join(params["words"]), "times": str(params["times"])}


FAMILY = Family(
    name="repeat_words",
    group="text editing",
    memory="instruction",
    answer="items",
    capacity=200 * 199 * 5,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
)
