"""Recall the password of one of several doors.

problem   {"doors": ["red", "old"], "passwords": ["comet", "daisy"], "asked": 0}
context   The password of the red door is "comet", and that of the old door is "daisy".
answer    comet
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    size = rng.randint(2, 4)
    return {
        "doors": rng.sample(lang.adjectives, size),
        "passwords": rng.sample(lang.nouns, size),
        "asked": rng.below(size),
    }


def solve(params: Params) -> str:
    return params["passwords"][params["asked"]]


def slots(params: Params, lang: Language) -> Slots:
    pairs = [f'"{word}" for the {door} door' for door, word in zip(params["doors"], params["passwords"], strict=True)]
    return {"pairs": lang.join(pairs), "door": params["doors"][params["asked"]]}


FAMILY = Family(
    name="recall_password",
    group="recall of context",
    memory="content",
    answer="text",
    capacity=(90 * 200) ** 2,
    generate=generate,
    solve=solve,
    slots=slots,
    contexts={
        "en": (
            "The passwords are {pairs}.",
            "These passwords are in use: {pairs}.",
            "Remember the passwords: {pairs}.",
            "The doors open with these passwords: {pairs}.",
        )
    },
    paraphrases={
        "en": (
            "What is the password for the {door} door?",
            "Give the password of the {door} door.",
            "Write down the password that opens the {door} door.",
            "Which password opens the {door} door?",
            "Say the password for the {door} door.",
            "Tell me the word that opens the {door} door.",
            "State the password of the {door} door.",
            "With which password does one open the {door} door?",
        )
    },
)
