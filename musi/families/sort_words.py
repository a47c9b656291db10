"""Put words into alphabetical order.

problem   {"words": ["pear", "fig", "oak"]}
answer    fig, oak, pear
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(2, 5))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(sorted(params["words"], key=lang.sort_key))


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="sort_words",
    group="lists and sorting",
    memory="instruction",
    answer="items",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
