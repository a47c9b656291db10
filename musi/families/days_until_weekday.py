"""Count the days from one weekday to another.

problem   {"from": 0, "to": 4}
answer    4
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    start, end = rng.sample(range(7), 2)
    return {"from": start, "to": end}


def solve(params: Params, lang: Language) -> str:
    return str((params["to"] - params["from"]) % 7)


def slots(params: Params, lang: Language) -> Slots:
    return {"from": lang.weekdays[params["from"]], "to": lang.weekdays[params["to"]]}


FAMILY = Family(
    name="days_until_weekday",
    group="units, dates and calendars",
    memory="instruction",
    answer="integer",
    capacity=7 * 6,
    generate=generate,
    solve=solve,
    slots=slots,
    closed=True,
)
