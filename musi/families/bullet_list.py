"""Write a list of words as bullets.

problem   {"words": ["lamp", "tree", "boat"]}
answer    - lamp
          - tree
          - boat
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(3, 6))}


def solve(params: Params, lang: Language) -> str:
    return "\n".join([f"- {word}" for word in params["words"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="bullet_list",
    group="formats",
    memory="instruction",
    answer="block",
    capacity=150**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
