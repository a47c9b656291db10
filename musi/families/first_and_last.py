"""Recall who came to the party first and who came last.

problem   {"names": ["Ada", "Leo", "Mia", "Tom"]}
context   The guests came to the party in this order: Ada, Leo, Mia and Tom.
answer    Ada, Tom
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"names": rng.sample(lang.names, rng.randint(4, 8))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([params["names"][0], params["names"][-1]])


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"])}


FAMILY = Family(
    name="first_and_last",
    group="recall of context",
    memory="order",
    answer="items",
    capacity=60**4,
    generate=generate,
    solve=solve,
    slots=slots,
)
