"""Make an acronym of a list of words.

problem   {"words": ["lamp", "tree", "boat"]}
answer    LTB
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(lang.nouns, rng.randint(3, 5))}


def solve(params: Params) -> str:
    return "".join(word[0] for word in params["words"]).upper()


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.join(params["words"])}


FAMILY = Family(
    name="first_letters",
    group="word games",
    memory="instruction",
    answer="text",
    capacity=200**3,
    generate=generate,
    solve=solve,
    slots=slots,
    paraphrases={
        "en": (
            "Write the first letters of {words} together as one word.",
            "Form the acronym of {words}.",
            "Take the first letter of each of the words {words} and write them without spaces.",
            "What acronym do the words {words} make?",
            "Join the initial letters of {words} into a single word.",
            "Write down the initials of {words}, without spaces or full stops.",
            "Build an acronym from the words {words}.",
            "Put together the first letters of the words {words}, with nothing between them.",
        )
    },
)
