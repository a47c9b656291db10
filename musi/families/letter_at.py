"""Pick the letter at a given place out of each word of a list.

problem   {"words": ["lamp", "feather", "sky"], "place": 3}
answer    m, a, y
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    words = rng.sample(plain(lang.nouns), rng.randint(3, 5))
    return {"words": words, "place": rng.randint(2, min(map(len, words)))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([word[params["place"] - 1] for word in params["words"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"]), "place": str(params["place"])}


FAMILY = Family(
    name="letter_at",
    group="word games",
    memory="instruction",
    answer="items",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
