"""Convert a mass or a volume into a unit that is a thousand times smaller.

problem   {"amount": 7, "units": "kg_g"}
answer    7000
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

FACTORS = {"kg_g": 1_000, "l_ml": 1_000}


def generate(rng: Stream, lang: Language) -> Params:
    return {"amount": rng.randint(2, 400), "units": rng.choice(tuple(FACTORS))}


def solve(params: Params, lang: Language) -> str:
    return str(params["amount"] * FACTORS[params["units"]])


def slots(params: Params, lang: Language) -> Slots:
    large, small = params["units"].split("_")
    return {"amount": str(params["amount"]), "large": lang.units[large], "small": lang.units[small]}


FAMILY = Family(
    name="convert_mass",
    group="units, dates and calendars",
    memory="instruction",
    answer="integer",
    capacity=399 * 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
