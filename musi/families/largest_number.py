"""Find the largest of several numbers.

problem   {"numbers": [418, 77, 481, 148]}
answer    481
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"numbers": rng.sample(range(10, 1_000), rng.randint(4, 7))}


def solve(params: Params, lang: Language) -> str:
    return str(max(params["numbers"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"numbers": lang.listed(list(map(str, params["numbers"])))}


FAMILY = Family(
    name="largest_number",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=10**8,
    generate=generate,
    solve=solve,
    slots=slots,
)
