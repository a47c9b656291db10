"""Write words without their vowels.

problem   {"words": ["lamp", "tree"]}
answer    lmp, tr
"""

from functools import cache

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.languages.language import Words
from musi.rng import Stream


@cache
def mixed(words: Words, vowels: str) -> Words:
    """The plain words that have a vowel and at least two other letters."""
    return tuple(word for word in plain(words) if 2 <= sum(letter not in vowels for letter in word.lower()) < len(word))


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(mixed(lang.nouns, lang.vowels), rng.randint(2, 3))}


def solve(params: Params, lang: Language) -> str:
    vowels = lang.vowels
    return lang.listed(["".join(letter for letter in word if letter.lower() not in vowels) for word in params["words"]])


def slots(params: Params, lang: Language) -> Slots:
    vowels = [letter for letter in lang.vowels if letter.isascii()]
    return {"words": lang.listed(params["words"]), "vowels": lang.join(vowels)}


FAMILY = Family(
    name="remove_vowels",
    group="word games",
    memory="instruction",
    answer="items",
    capacity=150 * 149,
    generate=generate,
    solve=solve,
    slots=slots,
)
