"""Spell a word with hyphens.

problem   {"word": "lamp"}
answer    l-a-m-p
"""

from musi.families.family import Family, Params, Slots
from musi.languages import Language
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": [rng.choice(lang.adjectives), rng.choice(lang.nouns)]}


def solve(params: Params) -> str:
    return " ".join("-".join(word) for word in params["words"])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": " ".join(params["words"])}


FAMILY = Family(
    name="spell_out",
    group="word games",
    memory="instruction",
    answer="text",
    capacity=90 * 200,
    generate=generate,
    solve=solve,
    slots=slots,
    paraphrases={
        "en": (
            'Spell out "{words}" with a hyphen between the letters of each word and a space between the words.',
            'Write "{words}" letter by letter: hyphens inside each word, a space between the two words.',
            'Put a hyphen between all neighbouring letters of each word in "{words}", and keep the space.',
            'Spell the two words "{words}", joining the letters of a word by hyphens and leaving the space as it is.',
            'Break each word of "{words}" into letters joined by hyphens; keep one space between the words.',
            'Show how "{words}" is spelled, with hyphens between letters and a space between words.',
            'Copy "{words}" with a hyphen after every letter except the last of each word.',
            'Separate the letters of each word in "{words}" by hyphens, with the two words still apart.',
        )
    },
)
