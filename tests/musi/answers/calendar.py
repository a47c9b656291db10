"""Times, units and calendars, worked out a second way: with the standard library's dates, or in the smallest unit."""

from datetime import date, datetime, timedelta
from typing import Any

from musi.languages import Language

SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def month_after(params: dict[str, Any], lang: Language) -> str:
    day = date(2021, params["month"] + 1, 28)
    for _ in range(params["months"]):
        day = (day + timedelta(days=4)).replace(day=28)
    return lang.months[day.month - 1]


def convert_time(params: dict[str, Any], lang: Language) -> str:
    large, small = params["units"].split("_")
    return str(params["amount"] * SECONDS[large] // SECONDS[small])


def clock_after(params: dict[str, Any], lang: Language) -> str:
    return (datetime(2024, 1, 1) + timedelta(minutes=params["time"] + params["minutes"])).strftime("%H:%M")


def days_until_weekday(params: dict[str, Any], lang: Language) -> str:
    monday = date(2024, 1, 1)
    start = monday + timedelta(days=params["from"])
    day = start + timedelta(days=1)
    while day.weekday() != params["to"]:
        day += timedelta(days=1)
    return str((day - start).days)


ANSWERS = {
    "clock_after": clock_after,
    "convert_mass": lambda p, _: f"{p['amount']}000",
    "convert_time": convert_time,
    "days_until_weekday": days_until_weekday,
    "month_after": month_after,
}
KNOWN = [
    ("clock_after", {"time": 23 * 60 + 35, "minutes": 90}, "01:05"),
    ("convert_mass", {"amount": 7, "units": "l_ml"}, "7000"),
    ("convert_time", {"amount": 5, "units": "d_h"}, "120"),
    ("convert_time", {"amount": 9, "units": "w_d"}, "63"),
    ("days_until_weekday", {"from": 5, "to": 2}, "4"),
    ("month_after", {"month": 10, "months": 15}, "February"),
]
