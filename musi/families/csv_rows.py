"""Write people and their ages as CSV lines below a header.

problem   {"names": ["Ada", "Leo"], "ages": [31, 42]}
answer    name,age
          Ada,31
          Leo,42
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.phrasing import phrasings
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {"names": rng.sample(lang.names, size), "ages": [rng.randint(18, 90) for _ in range(size)]}


def solve(params: Params, lang: Language) -> str:
    rows = zip(params["names"], params["ages"], strict=True)
    return "\n".join([",".join(phrasings(lang.code)["csv_rows"].part.split()), *(f"{name},{age}" for name, age in rows)])


def slots(params: Params, lang: Language) -> Slots:
    rows = zip(params["names"], params["ages"], strict=True)
    return {
        "header": ",".join(phrasings(lang.code)["csv_rows"].part.split()),
        "people": lang.listed([f"{name} {age}" for name, age in rows]),
    }


FAMILY = Family(
    name="csv_rows",
    group="formats",
    memory="instruction",
    answer="block",
    capacity=(60 * 73) ** 2,
    generate=generate,
    solve=solve,
    slots=slots,
)
