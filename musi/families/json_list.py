"""Write a list of words as a JSON array.

problem   {"words": ["lamp", "tree", "boat"]}
answer    ["lamp", "tree", "boat"]
"""

import json

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(3, 6))}


def solve(params: Params, lang: Language) -> str:
    return json.dumps(params["words"], ensure_ascii=False)


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="json_list",
    group="formats",
    memory="instruction",
    answer="json",
    capacity=150**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
