"""Put a new word into a list, right after one of its words.

problem   {"words": ["lamp", "tree", "boat"], "after": 0, "new": "sock"}
answer    lamp, sock, tree, boat
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    new, *words = rng.sample(lang.nouns, rng.randint(4, 6))
    return {"words": words, "after": rng.below(len(words)), "new": new}


def solve(params: Params, lang: Language) -> str:
    words, at = params["words"], params["after"] + 1
    return lang.listed([*words[:at], params["new"], *words[at:]])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"]), "new": params["new"], "old": params["words"][params["after"]]}


FAMILY = Family(
    name="insert_word",
    group="text editing",
    memory="instruction",
    answer="items",
    capacity=200**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
