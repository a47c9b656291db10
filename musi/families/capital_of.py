"""Name a country's capital.

problem   {"country": "Kenya"}
answer    Nairobi
"""

from musi.facts import table
from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

CAPITALS: dict[str, str] = {row["country"]: row["capital"] for row in table("capitals")}
COUNTRIES = tuple(CAPITALS)


def generate(rng: Stream, lang: Language) -> Params:
    return {"country": rng.choice(COUNTRIES)}


def solve(params: Params, lang: Language) -> str:
    return CAPITALS[params["country"]]


def slots(params: Params, lang: Language) -> Slots:
    return {"country": params["country"]}


FAMILY = Family(
    name="capital_of",
    group="facts",
    memory="instruction",
    answer="text",
    capacity=len(CAPITALS),
    generate=generate,
    solve=solve,
    slots=slots,
    closed=True,
)
