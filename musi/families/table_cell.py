"""Look up one cell of a small table: the points of a player in one round of the quiz.

problem   {"names": ["Ada", "Leo"], "points": [[12, 30], [5, 8]], "asked": 1, "round": 0}
context   These are the points from the quiz: Ada 12 in round 1 and 30 in round 2, Leo 5 in round 1 and 8 in round 2.
answer    5
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(3, 5)
    points = rng.sample(range(2, 60), 2 * size)
    return {
        "names": rng.sample(lang.names, size),
        "points": [points[k : k + 2] for k in range(0, 2 * size, 2)],
        "asked": rng.below(size),
        "round": rng.below(2),
    }


def solve(params: Params, lang: Language) -> str:
    return str(params["points"][params["asked"]][params["round"]])


def slots(params: Params, lang: Language) -> Slots:
    part = phrasings(lang.code)["table_cell"].part
    rows = zip(params["names"], params["points"], strict=True)
    return {
        "scores": lang.listed([part.format(name=name, first=first, second=second) for name, (first, second) in rows]),
        "name": params["names"][params["asked"]],
        "round": str(params["round"] + 1),
    }


FAMILY = Family(
    name="table_cell",
    group="recall of context",
    memory="content",
    answer="integer",
    capacity=(60 * 50 * 50) ** 3,
    generate=generate,
    solve=solve,
    slots=slots,
)
