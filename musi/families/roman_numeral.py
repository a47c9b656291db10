"""Write a number in Roman numerals.

problem   {"number": 94}
answer    XCIV
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

VALUES = {
    "M": 1_000, "CM": 900, "D": 500, "CD": 400, "C": 100, "XC": 90, "L": 50, "XL": 40, "X": 10, "IX": 9, "V": 5, "IV": 4, "I": 1,
}  # fmt: skip


def roman(number: int) -> str:
    """The usual Roman numeral of a number from 1 to 3,999."""
    letters = ""
    for sign, value in VALUES.items():
        letters += sign * (number // value)
        number %= value
    return letters


def generate(rng: Stream, lang: Language) -> Params:
    return {"number": rng.randint(2, 1_999)}


def solve(params: Params, lang: Language) -> str:
    return roman(params["number"])


def slots(params: Params, lang: Language) -> Slots:
    return {"number": str(params["number"])}


FAMILY = Family(
    name="roman_numeral",
    group="counting and arithmetic",
    memory="instruction",
    answer="exact",
    capacity=1_998,
    generate=generate,
    solve=solve,
    slots=slots,
)
