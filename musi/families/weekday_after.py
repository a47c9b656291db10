"""Count days forward from a weekday.

problem   {"day": "Monday", "days": 10, "week": ["Monday", …]}
answer    Thursday
"""

from musi.families.family import Family, Params, Slots
from musi.languages import LANGUAGES, Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"day": rng.below(7), "days": rng.randint(2, 30), "lang": lang.code}


def solve(params: Params) -> str:
    return LANGUAGES[params["lang"]].weekdays[(params["day"] + params["days"]) % 7]


def slots(params: Params, lang: Language) -> Slots:
    return {"day": lang.weekdays[params["day"]], "days": str(params["days"])}


FAMILY = Family(
    name="weekday_after",
    group="units, dates and calendars",
    memory="instruction",
    answer="text",
    capacity=7 * 29,
    generate=generate,
    solve=solve,
    slots=slots,
    paraphrases={
        "en": (
            "Which day of the week comes {days} days after {day}?",
            "What weekday is it {days} days after a {day}?",
            "Assume that today is {day}, and name the weekday {days} days from now.",
            "Name the day of the week that falls {days} days after {day}.",
            "Starting on a {day}, which weekday is it {days} days later?",
            "If it is {day} today, what day of the week will it be in {days} days?",
            "Count {days} days forward from {day} and name the weekday.",
            "Say which weekday follows {day} after {days} days.",
        )
    },
)
