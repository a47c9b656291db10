"""Find words in which neither of two letters occurs.

problem   {"letters": ["a", "e"], "count": 4}
answer    boot, bird, rosy, lily
"""

from collections.abc import Iterator
from functools import cache

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import check_words, plain, wrong_words
from musi.languages import Language
from musi.languages.language import Words
from musi.matching import Verdict
from musi.rng import Stream

MOST = 12
RARE = "jkqvwxyz"  # letters that words mostly lack anyway


@cache
def free_of(first: str, second: str, nouns: Words) -> Words:
    """The plain words in which neither letter occurs."""
    return tuple(word for word in plain(nouns) if first not in (folded := word.lower()) and second not in folded)


def generate(rng: Stream, lang: Language) -> Params:
    common = [letter for letter in lang.alphabet if letter.isascii() and letter not in RARE]
    while True:
        letters = rng.sample(common, 2)
        if len(free_of(*letters, lang.nouns)) > MOST:
            return {"letters": letters, "count": rng.randint(4, MOST)}


def solve(params: Params, lang: Language) -> str:
    letters, count = params["letters"], params["count"]
    rng = Stream("words_without_letter", *letters, count)
    return lang.listed(rng.sample(free_of(*letters, lang.nouns), count))


def slots(params: Params, lang: Language) -> Slots:
    first, second = params["letters"]
    return {"first": first, "second": second, "count": str(params["count"])}


def check(text: str, params: Params, lang: Language) -> Verdict:
    return check_words(text, params["count"], lambda i, word: not any(letter in word for letter in params["letters"]))


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    words = gold.split(lang.comma)
    yield from wrong_words(gold, lang)
    for letter in params["letters"]:
        yield lang.listed([*words[:-1], next(noun for noun in plain(lang.nouns) if letter in noun.lower())])
    yield lang.listed(params["letters"])


FAMILY = Family(
    name="words_without_letter",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=18 * 17 * 9,
    generate=generate,
    solve=solve,
    slots=slots,
    check=check,
    wrong=wrong,
)
