"""Arithmetic and counting, worked out a second way: by counting things one by one."""

from itertools import product
from typing import Any

from musi.languages import Language

DIGITS = (
    ("", "M"),
    ("", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"),
    ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"),
    ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"),
)
NUMERALS = ["".join(letters) for letters in product(*DIGITS)]  # in the order of their values, 0 to 1,999


def total(params: dict[str, Any], lang: Language) -> str:
    paid = 0
    for count, price in zip(params["counts"], params["prices"], strict=True):
        for _ in range(count):
            paid += price
    return str(paid)


ANSWERS = {
    "count_down": lambda p, lang: lang.comma.join(str(n) for n in reversed(range(2000)) if p["end"] <= n <= p["start"]),
    "count_word": lambda p, _: str(len([word for word in p["words"] if word == p["word"]])),
    "from_roman": lambda p, _: str(range(2000)[p["number"]]),
    "largest_number": lambda p, _: next(str(n) for n in range(1000, 0, -1) if n in p["numbers"]),
    "multiply": lambda p, _: str(sum(p["numbers"][0] for _ in range(p["numbers"][1]))),
    "price_total": total,
    "roman_numeral": lambda p, _: NUMERALS[p["number"]],
    "subtract": lambda p, _: str(len(range(p["numbers"][1], p["numbers"][0]))),
}
KNOWN = [
    ("count_down", {"start": 102, "end": 98}, "102, 101, 100, 99, 98"),
    ("count_word", {"words": ["nut", "walnut", "nut", "train"], "word": "nut"}, "2"),
    ("from_roman", {"number": 1949}, "1949"),
    ("largest_number", {"numbers": [99, 481, 418, 148]}, "481"),
    ("multiply", {"numbers": [34, 6]}, "204"),
    ("price_total", {"name": "Ada", "things": ["lamps", "chairs"], "counts": [3, 4], "prices": [5, 12]}, "63"),
    ("roman_numeral", {"number": 1949}, "MCMXLIX"),
    ("subtract", {"numbers": [203, 87]}, "116"),
]
