"""Recall the stop right before another one on the route of the express train.

problem   {"towns": ["Basel", "Lyon", "Turin", "Pisa"], "asked": 1}
context   The express train stops in Basel, Lyon, Turin and Pisa, in this order.
answer    Basel
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(4, 7)
    return {"towns": rng.sample(lang.places, size), "asked": rng.randint(1, size - 1)}


def solve(params: Params, lang: Language) -> str:
    return params["towns"][params["asked"] - 1]


def slots(params: Params, lang: Language) -> Slots:
    return {"towns": lang.join(params["towns"]), "town": params["towns"][params["asked"]]}


FAMILY = Family(
    name="stop_before",
    group="recall of context",
    memory="order",
    answer="text",
    capacity=40**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
