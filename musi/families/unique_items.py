"""Drop the repetitions from a list of words.

problem   {"words": ["lamp", "tree", "lamp", "boat"]}
answer    lamp, tree, boat
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    different = rng.sample(lang.nouns, rng.randint(3, 5))
    repeats = [rng.choice(different) for _ in range(rng.randint(2, 3))]
    return {"words": rng.shuffle([*different, *repeats])}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(list(dict.fromkeys(params["words"])))


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="unique_items",
    group="lists and sorting",
    memory="instruction",
    answer="items",
    capacity=10**7,
    generate=generate,
    solve=solve,
    slots=slots,
)
