"""Write what the context tells about one of several people as a JSON object; its keys are those of `json_object`.

problem   {"names": ["Ada", "Leo"], "ages": [31, 42], "towns": ["Pisa", "Riga"], "asked": 1}
context   Meet the chess club. Ada is 31 years old and lives in Pisa. Leo is 42 years old and lives in Riga.
answer    {"name": "Leo", "age": 42, "town": "Riga"}
"""

import json

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {
        "names": rng.sample(lang.names, size),
        "ages": rng.sample(range(18, 91), size),
        "towns": rng.sample(lang.places, size),
        "asked": rng.below(size),
    }


def solve(params: Params, lang: Language) -> str:
    keys = phrasings(lang.code)["json_object"].part.split()
    values = [params[column][params["asked"]] for column in ("names", "ages", "towns")]
    return json.dumps(dict(zip(keys, values, strict=True)), ensure_ascii=False)


def slots(params: Params, lang: Language) -> Slots:
    part = phrasings(lang.code)["record_json"].part
    rows = zip(params["names"], params["ages"], params["towns"], strict=True)
    return {
        "members": lang.word_gap.join([part.format(name=name, age=age, town=town) for name, age, town in rows]),
        "keys": lang.join([f'"{key}"' for key in phrasings(lang.code)["json_object"].part.split()]),
        "name": params["names"][params["asked"]],
    }


FAMILY = Family(
    name="record_json",
    group="formats",
    memory="content",
    answer="json",
    capacity=(60 * 73 * 40) ** 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
