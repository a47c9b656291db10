"""Recall who stood directly behind somebody in a queue.

problem   {"names": ["Ada", "Leo", "Mia"], "asked": 0}
context   The queue at the bakery, from the front: Ada, Leo and Mia.
answer    Leo
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(4, 7)
    return {"names": rng.sample(lang.names, size), "asked": rng.below(size - 1)}


def solve(params: Params) -> str:
    return params["names"][params["asked"] + 1]


def slots(params: Params, lang: Language) -> Slots:
    return {"names": lang.join(params["names"]), "name": params["names"][params["asked"]]}


FAMILY = Family(
    name="queue_next",
    group="recall of context",
    memory="order",
    answer="text",
    capacity=90**4,
    generate=generate,
    solve=solve,
    slots=slots,
    contexts={
        "en": (
            "The queue at the bakery, from front to back, is {names}.",
            "People are waiting at the bakery in this order: {names}.",
            "At the bakery the queue runs from the front like this: {names}.",
            "Waiting in line at the bakery, first to last, are {names}.",
        )
    },
    paraphrases={
        "en": (
            "Who stands directly behind {name} in the queue at the bakery?",
            "Name the person right behind {name} at the bakery.",
            "Who comes straight after {name} in the bakery queue?",
            "Say who is next after {name} in the queue at the bakery.",
            "Write the name of the person who waits right behind {name} at the bakery.",
            "Which person follows {name} directly in the bakery queue?",
            "Tell me who will be served right after {name} at the bakery.",
            "State who stands just behind {name} in the line at the bakery.",
        )
    },
)
