"""Recall the colour of somebody's boat.

problem   {"names": ["Ada", "Leo"], "colours": ["red", "blue"], "asked": 1}
context   In the harbour, the boat of Ada is red and the boat of Leo is blue.
answer    blue
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    return {"names": rng.sample(lang.names, size), "colours": rng.sample(lang.colours, size), "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return params["colours"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    return {
        "boats": lang.parts("colour_of", name=params["names"], colour=params["colours"]),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="colour_of",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=(60 * 8) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
