"""Let the first and the last word of a list change places.

problem   {"words": ["lamp", "tree", "boat", "sock"]}
answer    sock, tree, boat, lamp
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(4, 6))}


def solve(params: Params, lang: Language) -> str:
    first, *middle, last = params["words"]
    return lang.listed([last, *middle, first])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="swap_words",
    group="text editing",
    memory="instruction",
    answer="items",
    capacity=200**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
