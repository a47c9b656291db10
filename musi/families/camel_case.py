"""Turn words into a name in camel case.

problem   {"words": ["red", "lamp", "post"]}
answer    redLampPost
"""

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(plain(lang.nouns), rng.randint(3, 5))}


def solve(params: Params, lang: Language) -> str:
    first, *others = params["words"]
    return first.lower() + "".join(word.capitalize() for word in others)


def slots(params: Params, lang: Language) -> Slots:
    return {"words": " ".join(params["words"])}


FAMILY = Family(
    name="camel_case",
    group="code-like rewriting",
    memory="instruction",
    answer="exact",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
