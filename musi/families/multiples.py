"""List the multiples of a number: a long answer that pushes later stages away from the prompt.

problem   {"base": 7, "count": 4}
answer    7, 14, 21, 28
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"base": rng.randint(2, 25), "count": rng.randint(4, 100)}


def solve(params: Params) -> str:
    return ", ".join(str(params["base"] * factor) for factor in range(1, params["count"] + 1))


def slots(params: Params, lang: Language) -> Slots:
    return {"base": str(params["base"]), "count": str(params["count"])}


FAMILY = Family(
    name="multiples",
    group="counting and arithmetic",
    memory="instruction",
    answer="items",
    capacity=24 * 97,
    generate=generate,
    solve=solve,
    slots=slots,
    filler=True,
    paraphrases={
        "en": (
            "Write the first {count} multiples of {base}, starting with {base}, separated by commas.",
            "List {count} multiples of {base} in order, beginning with {base} itself, with commas between them.",
            "Count in steps of {base}: start at {base}, give {count} numbers, and separate them by commas.",
            "Starting at {base}, write {count} numbers in steps of {base}, separated by commas.",
            "Give {base} and the multiples that follow it, {count} numbers in all, separated by commas.",
            "Write the {base} times table as {count} results separated by commas, starting with {base}.",
            "Keep adding {base}, with {base} as the first number, until you have {count} numbers; separate them by commas.",
            "Produce the first {count} numbers of the {base} times table, with commas between them, starting at {base}.",
        )
    },
)
