"""Give the atomic number of a chemical element.

problem   {"element": 11}
answer    11
"""

from typing import Any

from musi.facts import table
from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

ELEMENTS: dict[int, dict[str, Any]] = {row["number"]: row for row in table("elements")}
KEYS = tuple(ELEMENTS)


def generate(rng: Stream, lang: Language) -> Params:
    return {"element": rng.choice(KEYS)}


def solve(params: Params, lang: Language) -> str:
    return str(params["element"])


def slots(params: Params, lang: Language) -> Slots:
    return {"element": ELEMENTS[params["element"]]["name"][lang.code]}


FAMILY = Family(
    name="atomic_number",
    group="facts",
    memory="instruction",
    answer="integer",
    capacity=len(ELEMENTS),
    generate=generate,
    solve=solve,
    slots=slots,
    closed=True,
)
