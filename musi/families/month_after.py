"""Count months forward from a month.

problem   {"month": 2, "months": 11}
answer    February
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"month": rng.below(12), "months": rng.randint(2, 36)}


def solve(params: Params, lang: Language) -> str:
    return lang.months[(params["month"] + params["months"]) % 12]


def slots(params: Params, lang: Language) -> Slots:
    return {"month": lang.months[params["month"]], "months": str(params["months"])}


FAMILY = Family(
    name="month_after",
    group="units, dates and calendars",
    memory="instruction",
    answer="text",
    capacity=12 * 35,
    generate=generate,
    solve=solve,
    slots=slots,
)
