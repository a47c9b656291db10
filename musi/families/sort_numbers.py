"""Put numbers into ascending order.

problem   {"numbers": [418, 77, 481, 148]}
answer    77, 148, 418, 481
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"numbers": rng.sample(range(2, 500), rng.randint(4, 6))}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([str(number) for number in sorted(params["numbers"])])


def slots(params: Params, lang: Language) -> Slots:
    return {"numbers": lang.listed([str(number) for number in params["numbers"]])}


FAMILY = Family(
    name="sort_numbers",
    group="lists and sorting",
    memory="instruction",
    answer="items",
    capacity=10**8,
    generate=generate,
    solve=solve,
    slots=slots,
)
