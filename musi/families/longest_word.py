"""Find the longest word of a list.

problem   {"words": ["lamp", "feather", "tree", "boat"]}
answer    feather
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    nouns = plain(lang.nouns)
    while True:
        words = rng.sample(nouns, rng.randint(4, 7))
        lengths = sorted(map(len, words))
        if lengths[-1] > lengths[-2]:
            return {"words": words}


def solve(params: Params, lang: Language) -> str:
    return max(params["words"], key=len)


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="longest_word",
    group="word games",
    memory="instruction",
    answer="text",
    capacity=200**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
