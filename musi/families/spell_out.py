"""Spell two words with hyphens.

problem   {"words": ["lamp", "tree"]}
answer    l-a-m-p t-r-e-e
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, 2)}


def solve(params: Params, lang: Language) -> str:
    return " ".join("-".join(word) for word in params["words"])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": " ".join(params["words"])}


FAMILY = Family(
    name="spell_out",
    group="word games",
    memory="instruction",
    answer="text",
    capacity=200 * 199,
    generate=generate,
    solve=solve,
    slots=slots,
)
