"""Write the letters of each word backwards.

problem   {"words": ["lamp", "tree"]}
answer    pmal, eert
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(plain(lang.nouns), rng.randint(2, 3))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([word[::-1] for word in params["words"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="reverse_letters",
    group="word games",
    memory="instruction",
    answer="items",
    capacity=200 * 199,
    generate=generate,
    solve=solve,
    slots=slots,
)
