"""Count days forward from a weekday.

problem   {"day": 0, "days": 10}
answer    Thursday
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"day": rng.below(7), "days": rng.randint(2, 70)}


def solve(params: Params, lang: Language) -> str:
    return lang.weekdays[(params["day"] + params["days"]) % 7]


def slots(params: Params, lang: Language) -> Slots:
    return {"day": lang.weekdays[params["day"]], "days": str(params["days"])}


FAMILY = Family(
    name="weekday_after",
    group="units, dates and calendars",
    memory="instruction",
    answer="text",
    capacity=7 * 69,
    generate=generate,
    solve=solve,
    slots=slots,
)
