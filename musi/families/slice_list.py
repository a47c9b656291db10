"""Say which words a slice of a list in code holds.

problem   {"words": ["lamp", "tree", "boat", "sock", "star"], "start": 1, "stop": 3}
answer    tree, boat
"""

from musi.families.family import Family, Params, Slots
from musi.families.index_of import code_list
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    """At least two words, and never the whole list."""
    words = rng.sample(lang.nouns, rng.randint(5, 7))
    size = rng.randint(2, 4)
    start = rng.randint(0, len(words) - size)
    return {"words": words, "start": start, "stop": start + size}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(params["words"][params["start"] : params["stop"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"list": code_list(params["words"]), "start": str(params["start"]), "stop": str(params["stop"])}


FAMILY = Family(
    name="slice_list",
    group="code-like rewriting",
    memory="instruction",
    answer="items",
    capacity=200**5,
    generate=generate,
    solve=solve,
    slots=slots,
)
