"""Facts, looked up a second way: in the text of the frozen tables."""

import json
from pathlib import Path
from typing import Any

import musi.facts
from musi.languages import Language


def look_up(table: str, key: str, param: str, value: str):
    def answer(params: dict[str, Any], lang: Language) -> str:
        lines = (Path(musi.facts.__file__).parent / f"{table}.jsonl").read_text("utf-8").splitlines()
        [row] = [row for row in map(json.loads, lines[1:]) if row[key] == params[param]]
        found = row[value]
        return found[lang.code] if isinstance(found, dict) else str(found)

    return answer


ANSWERS = {
    "atomic_number": look_up("elements", "number", "element", "number"),
    "capital_of": look_up("capitals", "code", "country", "capital"),
    "continent_of": look_up("continents", "code", "country", "continent"),
    "country_of": look_up("capitals", "code", "country", "country"),
    "element_symbol": look_up("elements", "number", "element", "symbol"),
    "symbol_element": look_up("elements", "number", "element", "name"),
}
KNOWN = [
    ("atomic_number", {"element": 79}, "79"),
    ("capital_of", {"country": "AU"}, "Canberra"),
    ("continent_of", {"country": "MA"}, "Africa"),
    ("country_of", {"country": "UY"}, "Uruguay"),
    ("element_symbol", {"element": 26}, "Fe"),
    ("symbol_element", {"element": 80}, "mercury"),
]
