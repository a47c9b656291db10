"""Repeat the end of an order: who signed the visitors' book of the castle, from somebody on.

problem   {"names": ["Ada", "Leo", "Mia", "Tom"], "asked": 1}
context   The visitors' book of the castle was signed by Ada, Leo, Mia and Tom, in this order.
answer    Leo, Mia, Tom
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(5, 9)
    return {"names": rng.sample(lang.names, size), "asked": rng.randint(1, size - 2)}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(params["names"][params["asked"] :])


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"]), "name": params["names"][params["asked"]]}


FAMILY = Family(
    name="list_from",
    group="recall of context",
    memory="order",
    answer="items",
    capacity=60**5,
    generate=generate,
    solve=solve,
    slots=slots,
)
