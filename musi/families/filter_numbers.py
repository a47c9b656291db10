"""Keep the numbers of a list that are greater than a limit.

problem   {"numbers": [41, 7, 48, 14], "limit": 20}
answer    41, 48
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    numbers = rng.sample(range(2, 200), rng.randint(5, 8))
    kept = rng.randint(2, len(numbers) - 2)
    smaller, greater = sorted(numbers)[-kept - 1 : len(numbers) - kept + 1]
    return {"numbers": numbers, "limit": rng.randint(smaller, greater - 1)}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([str(number) for number in params["numbers"] if number > params["limit"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"numbers": lang.listed([str(number) for number in params["numbers"]]), "limit": str(params["limit"])}


FAMILY = Family(
    name="filter_numbers",
    group="lists and sorting",
    memory="instruction",
    answer="items",
    capacity=10**8,
    generate=generate,
    solve=solve,
    slots=slots,
)
