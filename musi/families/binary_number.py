"""Write a number in binary.

problem   {"number": 22}
answer    10110
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"number": rng.randint(16, 2_047)}


def solve(params: Params, lang: Language) -> str:
    return f"{params['number']:b}"


def slots(params: Params, lang: Language) -> Slots:
    return {"number": str(params["number"])}


FAMILY = Family(
    name="binary_number",
    group="code-like rewriting",
    memory="instruction",
    answer="exact",
    capacity=2_032,
    generate=generate,
    solve=solve,
    slots=slots,
)
