"""Name the chemical element that has a given symbol.

problem   {"element": 11}
answer    sodium
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
    return ELEMENTS[params["element"]]["name"][lang.code]


def slots(params: Params, lang: Language) -> Slots:
    return {"symbol": ELEMENTS[params["element"]]["symbol"]}


FAMILY = Family(
    name="symbol_element",
    group="facts",
    memory="instruction",
    answer="text",
    capacity=len(ELEMENTS),
    generate=generate,
    solve=solve,
    slots=slots,
    closed=True,
)
