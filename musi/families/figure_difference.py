"""Compare two of several counts that the context gives.

problem   {"things": ["maps", "mugs", "bags"], "counts": [34, 17, 50], "more": 0, "fewer": 1}
context   The museum shop has 34 maps, 17 mugs and 50 bags.
answer    17
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    counts = rng.sample(range(2, 100), size)
    fewer, more = sorted(rng.sample(range(size), 2), key=counts.__getitem__)
    return {"things": rng.sample(lang.things, size), "counts": counts, "more": more, "fewer": fewer}


def solve(params: Params, lang: Language) -> str:
    return str(params["counts"][params["more"]] - params["counts"][params["fewer"]])


def slots(params: Params, lang: Language) -> Slots:
    things = params["things"]
    return {
        "stock": lang.parts("figure_difference", count=list(map(str, params["counts"])), thing=things),
        "more": things[params["more"]],
        "fewer": things[params["fewer"]],
    }


FAMILY = Family(
    name="figure_difference",
    group="recall of context",
    memory="content",
    answer="integer",
    capacity=(98 * 80) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
