"""The families of release 0.1.0, worked out a second way."""

from calendar import day_name
from datetime import date, timedelta
from typing import Any

from musi.languages import Language

MILLIMETRES = {"mm": 1, "cm": 10, "m": 1_000, "km": 1_000_000}


def convert(params: dict[str, Any], lang: Language) -> str:
    large, small = params["units"].split("_")
    return str(params["amount"] * MILLIMETRES[large] // MILLIMETRES[small])


def weekday(params: dict[str, Any], lang: Language) -> str:
    monday = date(2024, 1, 1)
    english = day_name[(monday + timedelta(days=params["day"] + params["days"])).weekday()]
    return dict(zip(day_name, lang.weekdays, strict=True))[english]


def insertion_sort(words: list[str], lang: Language) -> list[str]:
    ordered: list[str] = []
    for word in words:
        ordered.insert(sum(lang.sort_key(other) < lang.sort_key(word) for other in ordered), word)
    return ordered


def asked(keys: str, values: str):
    return lambda p, _: str(dict(zip(p[keys], p[values], strict=True))[p[keys][p["asked"]]])


ANSWERS = {
    "add_numbers": lambda p, _: str(len([0 for n in p["numbers"] for _ in range(n)])),
    "convert_length": convert,
    "copy_message": lambda p, lang: "".join(f"{lang.word_gap}{sentence}" for sentence in p["sentences"])[len(lang.word_gap) :],
    "count_up": lambda p, lang: lang.comma.join(str(n) for n in range(2000) if p["start"] <= n <= p["end"]),
    "first_letters": lambda p, _: "".join(word.upper()[0] for word in p["words"]),
    "multiples": lambda p, lang: lang.comma.join(str(n) for n in range(1, p["base"] * p["count"] + 1) if n % p["base"] == 0),
    "queue_next": lambda p, _: dict(zip(p["names"], p["names"][1:], strict=False))[p["names"][p["asked"]]],
    "race_position": lambda p, _: dict(enumerate(p["names"]))[p["asked"]],
    "recall_bringer": asked("things", "names"),
    "recall_figure": asked("things", "counts"),
    "recall_password": asked("names", "passwords"),
    "repeat_words": lambda p, lang: "".join(
        f"{lang.comma}{p['words'][0]}{lang.word_gap}{p['words'][1]}" for _ in range(p["times"])
    )[len(lang.comma) :],
    "reverse_words": lambda p, lang: lang.comma.join(p["words"][::-1]),
    "sort_words": lambda p, lang: lang.comma.join(insertion_sort(p["words"], lang)),
    "speakers_backwards": lambda p, lang: lang.comma.join(p["names"][::-1]),
    "spell_out": lambda p, _: " ".join("".join(f"-{letter}" for letter in word)[1:] for word in p["words"]),
    "weekday_after": weekday,
}
KNOWN = [
    ("add_numbers", {"numbers": [4, 5, 9]}, "18"),
    ("convert_length", {"amount": 7, "units": "m_cm"}, "700"),
    ("count_up", {"start": 40, "end": 44}, "40, 41, 42, 43, 44"),
    ("weekday_after", {"day": 0, "days": 10}, "Thursday"),
    ("queue_next", {"names": ["Ada", "Leo", "Mia"], "asked": 0}, "Leo"),
    ("first_letters", {"words": ["lamp", "tree", "boat"]}, "LTB"),
]
