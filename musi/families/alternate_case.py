"""Write words with small and capital letters by turns, every word beginning with a small one.

problem   {"words": ["lamp", "tent"]}
answer    lAmP tEnT
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(plain(lang.nouns), 2)}


def alternate(word: str) -> str:
    return "".join(letter.upper() if i % 2 else letter.lower() for i, letter in enumerate(word))


def solve(params: Params, lang: Language) -> str:
    return " ".join(map(alternate, params["words"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"words": " ".join(params["words"])}


FAMILY = Family(
    name="alternate_case",
    group="word games",
    memory="instruction",
    answer="exact",
    capacity=200 * 199,
    generate=generate,
    solve=solve,
    slots=slots,
)
