"""Write words together as one.

problem   {"words": ["lamp", "tree", "boat"]}
answer    lamptreeboat
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(3, 5))}


def solve(params: Params, lang: Language) -> str:
    return "".join(params["words"])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="join_words",
    group="text editing",
    memory="instruction",
    answer="text",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
