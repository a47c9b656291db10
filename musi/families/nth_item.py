"""Name the word in a given position of a list.

problem   {"words": ["lamp", "tree", "boat", "coin"], "position": 3}
answer    boat
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    words = rng.sample(lang.nouns, rng.randint(5, 8))
    return {"words": words, "position": rng.randint(2, len(words))}


def solve(params: Params, lang: Language) -> str:
    return params["words"][params["position"] - 1]


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"]), "position": str(params["position"])}


FAMILY = Family(
    name="nth_item",
    group="lists and sorting",
    memory="instruction",
    answer="text",
    capacity=10**8,
    generate=generate,
    solve=solve,
    slots=slots,
)
