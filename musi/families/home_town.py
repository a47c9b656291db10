"""Recall which town somebody at the summer camp comes from.

problem   {"names": ["Ada", "Leo"], "towns": ["Pisa", "Riga"], "asked": 0}
context   At the summer camp, Ada comes from Pisa and Leo comes from Riga.
answer    Pisa
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    return {"names": rng.sample(lang.names, size), "towns": rng.sample(lang.places, size), "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return params["towns"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    return {
        "origins": lang.parts("home_town", name=params["names"], town=params["towns"]),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="home_town",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=(60 * 40) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
