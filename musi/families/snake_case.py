"""Turn words into a name in snake case.

problem   {"words": ["red", "lamp", "post"]}
answer    red_lamp_post
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(plain(lang.nouns), rng.randint(3, 5))}


def solve(params: Params, lang: Language) -> str:
    return "_".join(params["words"]).lower()


def slots(params: Params, lang: Language) -> Slots:
    return {"words": " ".join(params["words"])}


FAMILY = Family(
    name="snake_case",
    group="code-like rewriting",
    memory="instruction",
    answer="exact",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
