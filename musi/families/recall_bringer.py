"""Recall who brings what to the picnic.

problem   {"names": ["Ada", "Leo"], "things": ["the tent", "the stove"], "asked": 1}
context   For the picnic, Ada brings the tent and Leo brings the stove.
answer    Leo
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    return {"names": rng.sample(lang.names, size), "things": rng.sample(lang.carried, size), "asked": rng.below(size)}


def solve(params: Params, lang: Language) -> str:
    return params["names"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    return {
        "pairs": lang.parts("recall_bringer", name=params["names"], thing=params["things"]),
        "thing": params["things"][params["asked"]],
    }


FAMILY = Family(
    name="recall_bringer",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=(90 * 130) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
