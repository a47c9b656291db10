"""Recall who brings what to the picnic.

problem   {"names": ["Ada", "Leo"], "things": ["tent", "stove"], "asked": 1}
context   For the picnic, Ada brings the tent and Leo brings the stove.
answer    Leo
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    return {"names": rng.sample(lang.names, size), "things": rng.sample(lang.things, size), "asked": rng.below(size)}


def solve(params: Params) -> str:
    return params["names"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    pairs = [f"{name} brings the {thing}" for name, thing in zip(params["names"], params["things"], strict=True)]
    return {"pairs": lang.join(pairs), "thing": params["things"][params["asked"]]}


FAMILY = Family(
    name="recall_bringer",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=(90 * 130) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
    contexts={
        "en": (
            "For the picnic, {pairs}.",
            "The plan for the picnic is that {pairs}.",
            "At the picnic, {pairs}.",
            "This is what was agreed for the picnic: {pairs}.",
        )
    },
    paraphrases={
        "en": (
            "Who brings the {thing} to the picnic?",
            "Name the person who brings the {thing} to the picnic.",
            "Who is bringing the {thing} to the picnic?",
            "Say who takes care of the {thing} for the picnic.",
            "Write the name of whoever brings the {thing} to the picnic.",
            "Which person will bring the {thing} to the picnic?",
            "Tell me who brings the {thing} to the picnic.",
            "State who is in charge of the {thing} at the picnic.",
        )
    },
)
