"""Add up two or three numbers.

problem   {"numbers": [12, 7, 30]}
answer    49
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"numbers": [rng.randint(1, 40) for _ in range(rng.randint(2, 3))]}


def solve(params: Params, lang: Language) -> str:
    return str(sum(params["numbers"]))


def slots(params: Params, lang: Language) -> Slots:
    numbers = [str(number) for number in params["numbers"]]
    return {"numbers": lang.join(numbers), "plus": " + ".join(numbers)}


FAMILY = Family(
    name="add_numbers",
    group="counting and arithmetic",
    memory="instruction",
    answer="integer",
    capacity=40**2 + 40**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
