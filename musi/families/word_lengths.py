"""Say how many letters each word of a list has.

problem   {"words": ["lamp", "feather", "sky"]}
answer    4, 7, 3
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(plain(lang.nouns), rng.randint(3, 5))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([str(len(word)) for word in params["words"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="word_lengths",
    group="word games",
    memory="instruction",
    answer="items",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
