"""Write what is said about a person as key=value pairs.

problem   {"name": "Ada", "age": 31, "town": "Pisa"}
answer    name=Ada&age=31&town=Pisa
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"name": rng.choice(lang.names), "age": rng.randint(18, 90), "town": rng.choice(lang.places)}


def solve(params: Params, lang: Language) -> str:
    keys = phrasings(lang.code)["key_value"].part.split()
    values = (params["name"], params["age"], params["town"])
    return "&".join([f"{key}={value}" for key, value in zip(keys, values, strict=True)])


def slots(params: Params, lang: Language) -> Slots:
    keys = phrasings(lang.code)["key_value"].part.split()
    return {
        "keys": lang.join([f'"{key}"' for key in keys]),
        "name": params["name"],
        "age": str(params["age"]),
        "town": params["town"],
    }


FAMILY = Family(
    name="key_value",
    group="formats",
    memory="instruction",
    answer="exact",
    capacity=60 * 73 * 40,
    generate=generate,
    solve=solve,
    slots=slots,
)
