"""Copy a message that the context gives, word for word: content memory, and a long answer.

problem   {"sentences": [["tired", "baker", "painted", "green", "gate"], …]}
context   The message on the board reads: "The tired baker painted the green gate."
answer    The tired baker painted the green gate.
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    def sentence() -> str:
        first, second = rng.sample(lang.adjectives, 2)
        return f"The {first} {rng.choice(lang.subjects)} {rng.choice(lang.verbs)} the {second} {rng.choice(lang.nouns)}."

    return {"sentences": [sentence() for _ in range(rng.randint(1, 5))]}


def solve(params: Params) -> str:
    return " ".join(params["sentences"])


def slots(params: Params, lang: Language) -> Slots:
    return {"message": solve(params)}


FAMILY = Family(
    name="copy_message",
    group="recall of context",
    memory="content",
    answer="passage",
    capacity=90 * 60 * 50 * 200,
    generate=generate,
    solve=solve,
    slots=slots,
    contexts={
        "en": (
            'The message on the board reads: "{message}"',
            'Someone wrote this message on the board: "{message}"',
            'On the board is this message: "{message}"',
            'This is the message on the board: "{message}"',
        )
    },
    paraphrases={
        "en": (
            "Copy the message on the board word for word.",
            "Write out exactly what the message on the board says.",
            "Repeat the whole message on the board.",
            "Give the full text of the message on the board.",
            "Reproduce the message on the board exactly.",
            "Write the message on the board again, word for word.",
            "Quote the message on the board in full.",
            "Transcribe the message on the board without any change.",
        )
    },
)
