"""Count from one number to another: a long answer that pushes later stages away from the prompt.

problem   {"start": 40, "end": 44}
answer    40, 41, 42, 43, 44
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    start = rng.randint(1, 400)
    return {"start": start, "end": start + rng.randint(4, 149)}


def solve(params: Params) -> str:
    return ", ".join(map(str, range(params["start"], params["end"] + 1)))


def slots(params: Params, lang: Language) -> Slots:
    return {"start": str(params["start"]), "end": str(params["end"])}


FAMILY = Family(
    name="count_up",
    group="counting and arithmetic",
    memory="instruction",
    answer="items",
    capacity=400 * 146,
    generate=generate,
    solve=solve,
    slots=slots,
    filler=True,
    paraphrases={
        "en": (
            "Count from {start} to {end}, in digits, separated by commas.",
            "Write all whole numbers from {start} to {end}, separated by commas.",
            "List every number from {start} up to {end}, with commas between them.",
            "Write out the numbers {start} to {end} in order, separated by commas.",
            "Give the whole numbers from {start} to {end} one after another, with commas between them.",
            "Count upwards from {start} until you reach {end}, and separate the numbers by commas.",
            "Go through the whole numbers from {start} to {end}, putting a comma between them.",
            "Enumerate the whole numbers from {start} to {end}, separated by commas.",
        )
    },
)
