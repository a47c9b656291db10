"""Say at which index, counted from 0, a list in code has a word.

problem   {"words": ["lamp", "tree", "boat", "sock"], "asked": 2}
answer    2
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    words = rng.sample(lang.nouns, rng.randint(4, 7))
    return {"words": words, "asked": rng.below(len(words))}


def solve(params: Params, lang: Language) -> str:
    return str(params["asked"])


def slots(params: Params, lang: Language) -> Slots:
    words = params["words"]
    return {"list": code_list(words), "word": words[params["asked"]]}


def code_list(words: list[str]) -> str:
    """The words as a Python list: `["lamp", "tree"]`."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


FAMILY = Family(
    name="index_of",
    group="code-like rewriting",
    memory="instruction",
    answer="integer",
    capacity=200**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
