"""Recall who stood directly behind somebody in a queue.

problem   {"names": ["Ada", "Leo", "Mia"], "asked": 0}
context   The queue at the bakery, from the front: Ada, Leo and Mia.
answer    Leo
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(4, 7)
    return {"names": rng.sample(lang.names, size), "asked": rng.below(size - 1)}


def solve(params: Params, lang: Language) -> str:
    return params["names"][params["asked"] + 1]


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"]), "name": params["names"][params["asked"]]}


FAMILY = Family(
    name="queue_next",
    group="recall of context",
    memory="order",
    answer="text",
    capacity=90**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
