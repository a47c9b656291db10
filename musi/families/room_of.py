"""Recall in which room of the guest house somebody sleeps.

problem   {"names": ["Ada", "Leo"], "rooms": [12, 31], "asked": 0}
context   In the guest house, Ada sleeps in room 12 and Leo sleeps in room 31.
answer    12
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    return {"names": rng.sample(lang.names, size), "rooms": rng.sample(range(2, 100), size), "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return str(params["rooms"][params["asked"]])


def slots(params: Params, lang: Language) -> Slots:
    return {
        "rooms": lang.parts("room_of", name=params["names"], room=list(map(str, params["rooms"]))),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="room_of",
    group="recall of context",
    memory="content",
    answer="integer",
    capacity=(60 * 90) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
