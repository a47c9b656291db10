"""Read a Roman numeral.

problem   {"number": 94}
answer    94
"""

from musi.families.family import Family, Params, Slots
from musi.families.roman_numeral import roman
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"number": rng.randint(2, 1_999)}


def solve(params: Params, lang: Language) -> str:
    return str(params["number"])


def slots(params: Params, lang: Language) -> Slots:
    return {"numeral": roman(params["number"])}


FAMILY = Family(
    name="from_roman",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=1_998,
    generate=generate,
    solve=solve,
    slots=slots,
)
