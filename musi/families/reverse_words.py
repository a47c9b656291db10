"""Write a list of words backwards.

problem   {"words": ["lamp", "tree", "boat"]}
answer    boat, tree, lamp
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(2, 5))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(params["words"][::-1])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="reverse_words",
    group="text editing",
    memory="instruction",
    answer="items",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
