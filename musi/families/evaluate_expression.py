"""Work out an arithmetic expression as a program would.

problem   {"numbers": [3, 4, 2], "form": 0}
answer    11
"""

from collections.abc import Callable

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream

FORMS: tuple[tuple[str, Callable[[int, int, int], int]], ...] = (
    ("{} + {} * {}", lambda a, b, c: a + b * c),
    ("({} + {}) * {}", lambda a, b, c: (a + b) * c),
    ("{} * {} - {}", lambda a, b, c: a * b - c),
    ("{} * ({} - {})", lambda a, b, c: a * (b - c)),
    ("{} * {} + {}", lambda a, b, c: a * b + c),
    ("{} * ({} + {})", lambda a, b, c: a * (b + c)),
)


def generate(rng: Stream, lang: Language) -> Params:
    """The value is always over 0."""
    while True:
        numbers, form = [rng.randint(2, 20) for _ in range(3)], rng.below(len(FORMS))
        if FORMS[form][1](*numbers) > 0:
            return {"numbers": numbers, "form": form}


def solve(params: Params, lang: Language) -> str:
    return str(FORMS[params["form"]][1](*params["numbers"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"expression": FORMS[params["form"]][0].format(*params["numbers"])}


FAMILY = Family(
    name="evaluate_expression",
    group="code-like rewriting",
    memory="instruction",
    answer="integer",
    capacity=4 * 18**3,
    generate=generate,
    solve=solve,
    slots=slots,
)
