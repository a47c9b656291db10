"""Convert a length into a smaller unit.

problem   {"amount": 7, "unit": "m_cm"}
answer    700
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

FACTORS = {"cm_mm": 10, "km_m": 1000, "m_cm": 100, "m_mm": 1000}
UNITS = {"en": {"mm": "millimetres", "cm": "centimetres", "m": "metres", "km": "kilometres"}}


def generate(rng: Stream, lang: Language) -> Params:
    return {"amount": rng.randint(2, 300), "units": rng.choice(tuple(FACTORS))}


def solve(params: Params) -> str:
    return str(params["amount"] * FACTORS[params["units"]])


def slots(params: Params, lang: Language) -> Slots:
    large, small = params["units"].split("_")
    names = UNITS[lang.code]
    return {"amount": str(params["amount"]), "large": names[large], "small": names[small]}


FAMILY = Family(
    name="convert_length",
    group="units, dates and calendars",
    memory="instruction",
    answer="integer",
    capacity=299 * 4,
    generate=generate,
    solve=solve,
    slots=slots,
    paraphrases={
        "en": (
            "How many {small} are {amount} {large}? Give the number only.",
            "Convert {amount} {large} to {small} and give only the number.",
            "Write {amount} {large} in {small}, as a number without the unit.",
            "Express a length of {amount} {large} in {small}, number only.",
            "What is {amount} {large} in {small}? Leave out the unit.",
            "Change {amount} {large} into {small}; the number is enough.",
            "Give the number of {small} in {amount} {large}.",
            "Turn {amount} {large} into {small} and write just the number.",
        )
    },
)
