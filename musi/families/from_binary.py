"""Read a binary number.

problem   {"number": 22}     the problem shows 10110
answer    22
"""

from musi.families.binary_number import generate
from musi.families.family import Family, Params, Slots
from musi.languages import Language


def solve(params: Params, lang: Language) -> str:
    return str(params["number"])


def slots(params: Params, lang: Language) -> Slots:
    return {"digits": f"{params['number']:b}"}


FAMILY = Family(
    name="from_binary",
    group="code-like rewriting",
    memory="instruction",
    answer="integer",
    capacity=2_032,
    generate=generate,
    solve=solve,
    slots=slots,
)
