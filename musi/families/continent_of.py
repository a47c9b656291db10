"""Name the continent on which a country lies.

problem   {"country": "KE"}
answer    Africa
"""

from typing import Any

from musi.facts import table
from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

COUNTRIES: dict[str, dict[str, Any]] = {row["code"]: row for row in table("continents")}
KEYS = tuple(COUNTRIES)


def generate(rng: Stream, lang: Language) -> Params:
    return {"country": rng.choice(KEYS)}


def solve(params: Params, lang: Language) -> str:
    return COUNTRIES[params["country"]]["continent"][lang.code]


def slots(params: Params, lang: Language) -> Slots:
    return {"country": COUNTRIES[params["country"]]["country"][lang.code]}


FAMILY = Family(
    name="continent_of",
    group="facts",
    memory="instruction",
    answer="text",
    capacity=len(COUNTRIES),
    generate=generate,
    solve=solve,
    slots=slots,
    closed=True,
)
