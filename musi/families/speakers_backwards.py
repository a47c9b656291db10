"""List the speakers of a meeting from the last to the first.

problem   {"names": ["Ada", "Leo", "Mia"]}
context   At the meeting, Ada, Leo and Mia spoke, in this order.
answer    Mia, Leo, Ada
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"names": rng.sample(lang.names, rng.randint(3, 5))}


def solve(params: Params) -> str:
    return ", ".join(reversed(params["names"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"])}


FAMILY = Family(
    name="speakers_backwards",
    group="recall of context",
    memory="order",
    answer="items",
    capacity=90**3,
    generate=generate,
    solve=solve,
    slots=slots,
    contexts={
        "en": (
            "At the meeting, the speakers were {names}, in this order.",
            "The speakers at the meeting took turns in this order: {names}.",
            "The meeting heard {names}, one after the other.",
            "Those who spoke at the meeting did so in this order: {names}.",
        )
    },
    paraphrases={
        "en": (
            "List the speakers of the meeting from last to first, separated by commas.",
            "Name the meeting's speakers in reverse order, separated by commas.",
            "Write the speakers of the meeting backwards, from the last to the first, with commas between them.",
            "Give the speakers at the meeting in reverse order, with commas between the names.",
            "Put down who spoke at the meeting, starting with the last speaker, separated by commas.",
            "Starting from the last one, list all speakers of the meeting, separated by commas.",
            "Turn the order of the meeting's speakers around and write their names, separated by commas.",
            "Enumerate the meeting's speakers, last one first, separated by commas.",
        )
    },
)
