"""Count how often a word occurs in a list.

problem   {"words": ["lamp", "tree", "lamp", "boat"], "word": "lamp"}
answer    2
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    different = rng.sample(lang.nouns, rng.randint(3, 4))
    repeats = [rng.choice(different) for _ in range(rng.randint(2, 5))]
    return {"words": rng.shuffle([*different, *repeats]), "word": rng.choice(different)}


def solve(params: Params, lang: Language) -> str:
    return str(params["words"].count(params["word"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"]), "word": params["word"]}


FAMILY = Family(
    name="count_word",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=100_000,
    generate=generate,
    solve=solve,
    slots=slots,
)
