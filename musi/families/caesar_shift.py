"""Write words in a secret code: every letter becomes the next one of the alphabet, and z becomes a.

problem   {"words": ["lamp", "zoo"]}
answer    mbnq, app
"""

from functools import cache
from itertools import pairwise

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import plain
from musi.languages import Language
from musi.languages.language import Words
from musi.rng import Stream

LONGEST = 6
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NEXT = str.maketrans(LETTERS, LETTERS[1:] + LETTERS[0])


@cache
def shiftable(words: Words, alphabet: str) -> Words:
    """The short plain words without a letter whose successor in this alphabet has an accent, as n is followed by ñ."""
    apart = {letter for letter, after in pairwise(alphabet) if letter != "z" and not after.isascii()}
    return tuple(word for word in plain(words) if len(word) <= LONGEST and apart.isdisjoint(word.lower()))


def generate(rng: Stream, lang: Language) -> Params:
    return {"words": rng.sample(shiftable(lang.nouns, lang.alphabet), 2)}


def solve(params: Params, lang: Language) -> str:
    return lang.listed([word.lower().translate(NEXT) for word in params["words"]])


def slots(params: Params, lang: Language) -> Slots:
    return {"words": lang.listed(params["words"])}


FAMILY = Family(
    name="caesar_shift",
    group="word games",
    memory="instruction",
    answer="items",
    capacity=150 * 149,
    generate=generate,
    solve=solve,
    slots=slots,
)
