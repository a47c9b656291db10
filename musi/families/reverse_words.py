"""Write a list of words backwards.

problem   {"words": ["lamp", "tree", "boat"]}
answer    boat, tree, lamp
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(2, 5))}


def solve(params: Params) -> str:
    return ", ".join(reversed(params["words"]))


def slots(params: Params, lang: Language) -> Slots:
    return {"words": ", ".join(params["words"])}


FAMILY = Family(
    name="reverse_words",
    group="text editing",
    memory="instruction",
    answer="items",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
    paraphrases={
        "en": (
            "Write these words in reverse order, separated by commas: {words}.",
            "Put the following list of words in reverse order, with commas between them: {words}.",
            "List these words from the last to the first, separated by commas: {words}.",
            "Turn this list around so that it starts with its last word, keeping commas between the words: {words}.",
            "Give the words {words} back to front, separated by commas.",
            "Reverse the order of this list and keep the commas: {words}.",
            "Take the list {words} and write it backwards word by word, with commas.",
            "Copy these words in the opposite order, separated by commas: {words}.",
        )
    },
)
