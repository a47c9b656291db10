"""List the speakers of a meeting from the last to the first.

problem   {"names": ["Ada", "Leo", "Mia"]}
context   At the meeting, Ada, Leo and Mia spoke, in this order.
answer    Mia, Leo, Ada
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"names": rng.sample(lang.names, rng.randint(3, 5))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed(params["names"][::-1])


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"])}


FAMILY = Family(
    name="speakers_backwards",
    group="recall of context",
    memory="order",
    answer="items",
    capacity=90**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
