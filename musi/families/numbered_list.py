"""Write a list of words as a numbered list.

problem   {"words": ["lamp", "tree", "boat"]}
answer    1. lamp
          2. tree
          3. boat
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(3, 6))}


def solve(params: Params, lang: Language) -> str:
    return "\n".join([f"{k}. {word}" for k, word in enumerate(params["words"], start=1)])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="numbered_list",
    group="formats",
    memory="instruction",
    answer="block",
    capacity=150**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
