"""Convert a time into a smaller unit.

problem   {"amount": 7, "units": "h_min"}
answer    420
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

FACTORS = {"h_min": 60, "min_s": 60, "d_h": 24, "w_d": 7}


def generate(rng: Stream, lang: Language) -> Params:
    return {"amount": rng.randint(2, 150), "units": rng.choice(tuple(FACTORS))}


def solve(params: Params, lang: Language) -> str:
    return str(params["amount"] * FACTORS[params["units"]])


def slots(params: Params, lang: Language) -> Slots:
    large, small = params["units"].split("_")
    return {"amount": str(params["amount"]), "large": lang.units[large], "small": lang.units[small]}


FAMILY = Family(
    name="convert_time",
    group="units, dates and calendars",
    memory="instruction",
    answer="integer",
    capacity=149 * 4,
    generate=generate,
    solve=solve,
    slots=slots,
)
