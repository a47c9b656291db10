"""Convert a length into a smaller unit.

problem   {"amount": 7, "units": "m_cm"}
answer    700
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

FACTORS = {"cm_mm": 10, "km_m": 1_000, "m_cm": 100, "m_mm": 1_000}


def generate(rng: Stream, lang: Language) -> Params:
    return {"amount": rng.randint(2, 400), "units": rng.choice(tuple(FACTORS))}


def solve(params: Params, lang: Language) -> str:
    return str(params["amount"] * FACTORS[params["units"]])


def slots(params: Params, lang: Language) -> Slots:
    large, small = params["units"].split("_")
    return {"amount": str(params["amount"]), "large": lang.units[large], "small": lang.units[small]}


FAMILY = Family(
    name="convert_length",
    group="units, dates and calendars",
    memory="instruction",
    answer="integer",
    capacity=399 * 4,
    generate=generate,
    solve=solve,
    slots=slots,
)
