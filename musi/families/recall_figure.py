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


def solve(params: Params, lang: Language) -> str:
    return str(params["counts"][params["asked"]])


def slots(params: Params, lang: Language) -> Slots:
    counts = [str(count) for count in params["counts"]]
    return {
        "holdings": lang.parts("recall_figure", count=counts, thing=params["things"]),
        "thing": params["things"][params["asked"]],
    }


FAMILY = Family(
    name="recall_figure",
    group="recall of context",
    memory="content",
    answer="integer",
    capacity=(98 * 130) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
