"""Add minutes to a time of day.

problem   {"time": 875, "minutes": 50}      minutes after midnight: 14:35
answer    15:25
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def clock(minutes: int) -> str:
    """Minutes after midnight on a 24-hour clock: `09:05`."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def generate(rng: Stream, lang: Language) -> Params:
    return {"time": rng.below(24 * 60), "minutes": rng.randint(15, 180)}


def solve(params: Params, lang: Language) -> str:
    return clock(params["time"] + params["minutes"])


def slots(params: Params, lang: Language) -> Slots:
    return {"time": clock(params["time"]), "minutes": str(params["minutes"])}


FAMILY = Family(
    name="clock_after",
    group="units, dates and calendars",
    memory="instruction",
    answer="exact",
    capacity=24 * 60 * 166,
    generate=generate,
    solve=solve,
    slots=slots,
)
