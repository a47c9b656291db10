"""Make an acronym of a list of words.

problem   {"words": ["lamp", "tree", "boat"]}
answer    LTB
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(3, 5))}


def solve(params: Params, lang: Language) -> str:
    return "".join(word[0] for word in params["words"]).upper()


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.join(params["words"])}


FAMILY = Family(
    name="first_letters",
    group="word games",
    memory="instruction",
    answer="text",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
