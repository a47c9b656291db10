"""Give the symbol of a chemical element.

problem   {"element": "sodium"}
answer    Na
"""

from musi.facts import table
from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

SYMBOLS: dict[str, str] = {row["element"]: row["symbol"] for row in table("elements")}
ELEMENTS = tuple(SYMBOLS)


def generate(rng: Stream, lang: Language) -> Params:
    return {"element": rng.choice(ELEMENTS)}


def solve(params: Params, lang: Language) -> str:
    return SYMBOLS[params["element"]]


def slots(params: Params, lang: Language) -> Slots:
    return {"element": params["element"]}


FAMILY = Family(
    name="element_symbol",
    group="facts",
    memory="instruction",
    answer="exact",
    capacity=len(SYMBOLS),
    generate=generate,
    solve=solve,
    slots=slots,
    closed=True,
)
