"""Recall as which stop of its tour the circus visits a town.

problem   {"towns": ["Basel", "Lyon", "Turin", "Pisa"], "asked": 2}
context   The circus tours through Basel, Lyon, Turin and Pisa, in this order.
answer    3
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(5, 9)
    return {"towns": rng.sample(lang.places, size), "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return str(params["asked"] + 1)


def slots(params: Params, lang: Language) -> Slots:
    return {"towns": lang.join(params["towns"]), "town": params["towns"][params["asked"]]}


FAMILY = Family(
    name="step_number",
    group="recall of context",
    memory="order",
    answer="integer",
    capacity=40**5,
    generate=generate,
    solve=solve,
    slots=slots,
)
