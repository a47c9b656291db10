"""Find words that begin with one letter, then words that begin with another.

problem   {"letters": ["b", "s"], "counts": [2, 3]}
answer    boat, bell, sock, star, spoon
"""

from collections.abc import Iterator

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import by_initial, check_words, wrong_words
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream

MOST = 5


def generate(rng: Stream, lang: Language) -> Params:
    letters = [letter for letter, nouns in by_initial(lang.nouns).items() if len(nouns) >= MOST]
    return {"letters": rng.sample(letters, 2), "counts": [rng.randint(2, MOST), rng.randint(2, MOST)]}


def solve(params: Params, lang: Language) -> str:
    nouns = by_initial(lang.nouns)
    rng = Stream("words_starting_with", *params["letters"], *params["counts"])
    pairs = zip(params["letters"], params["counts"], strict=True)
    return lang.listed([word for letter, count in pairs for word in rng.sample(nouns[letter], count)])


def slots(params: Params, lang: Language) -> Slots:
    (first, second), (some, more) = params["letters"], params["counts"]
    return {"first": first, "second": second, "some": str(some), "more": str(more)}


def check(text: str, params: Params, lang: Language) -> Verdict:
    (first, second), (some, more) = params["letters"], params["counts"]
    return check_words(text, some + more, lambda i, word: word[0] == (first if i < some else second))


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    words = gold.split(lang.comma)
    yield from wrong_words(gold, lang)
    yield lang.listed(words[::-1])
    yield lang.listed([words[-1], *words[1:-1], words[0]])
    yield lang.listed(params["letters"])


FAMILY = Family(
    name="words_starting_with",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=14 * 13 * 4 * 4,
    generate=generate,
    solve=solve,
    slots=slots,
    check=check,
    wrong=wrong,
)
