"""Recall one of several counts that the context gives.

problem   {"things": ["lamps", "ropes"], "counts": [34, 17], "asked": 1}
context   The storeroom holds 34 lamps and 17 ropes.
answer    17
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    return {
        "things": rng.sample(lang.things, size),
        "counts": rng.sample(range(2, 100), size),
        "asked": rng.below(size),
    }


def solve(params: Params) -> str:
    return str(params["counts"][params["asked"]])


def slots(params: Params, lang: Language) -> Slots:
    holdings = [f"{count} {thing}" for count, thing in zip(params["counts"], params["things"], strict=True)]
    return {"holdings": lang.join(holdings), "thing": params["things"][params["asked"]]}


FAMILY = Family(
    name="recall_figure",
    group="recall of context",
    memory="content",
    answer="integer",
    capacity=(98 * 130) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
    contexts={
        "en": (
            "The storeroom holds {holdings}.",
            "In the storeroom there are {holdings}.",
            "Counting the storeroom gave {holdings}.",
            "The storeroom list says: {holdings}.",
        )
    },
    paraphrases={
        "en": (
            "How many {thing} are in the storeroom?",
            "Say how many {thing} the storeroom holds.",
            "What is the number of {thing} in the storeroom?",
            "Write the number of {thing} kept in the storeroom.",
            "State how many {thing} there are in the storeroom.",
            "Look up how many {thing} the storeroom has.",
            "Give the storeroom's count of {thing}.",
            "How many {thing} does the storeroom have?",
        )
    },
)
