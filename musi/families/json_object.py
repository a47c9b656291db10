"""Write what is said about a person as a JSON object.

problem   {"name": "Ada", "age": 31, "town": "Pisa"}
answer    {"name": "Ada", "age": 31, "town": "Pisa"}
"""

import json

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"name": rng.choice(lang.names), "age": rng.randint(18, 90), "town": rng.choice(lang.places)}


def solve(params: Params, lang: Language) -> str:
    keys = phrasings(lang.code)["json_object"].part.split()
    values = (params["name"], params["age"], params["town"])
    return json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False)


def slots(params: Params, lang: Language) -> Slots:
    keys = phrasings(lang.code)["json_object"].part.split()
    return {
        "keys": lang.join([f'"{key}"' for key in keys]),
        "name": params["name"],
        "age": str(params["age"]),
        "town": params["town"],
    }


FAMILY = Family(
    name="json_object",
    group="formats",
    memory="instruction",
    answer="json",
    capacity=60 * 73 * 40,
    generate=generate,
    solve=solve,
    slots=slots,
)
