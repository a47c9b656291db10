"""Merge two lists by taking words from them in turns.

problem   {"first": ["lamp", "tree"], "second": ["boat", "coin"]}
answer    lamp, boat, tree, coin
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    words = rng.sample(lang.nouns, 2 * size)
    return {"first": words[:size], "second": words[size:]}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([word for pair in zip(params["first"], params["second"], strict=True) for word in pair])


def slots(params: Params, lang: Language) -> Slots:
    return {"first": lang.listed(params["first"]), "second": lang.listed(params["second"])}


FAMILY = Family(
    name="merge_lists",
    group="lists and sorting",
    memory="instruction",
    answer="items",
    capacity=10**8,
    generate=generate,
    solve=solve,
    slots=slots,
)
