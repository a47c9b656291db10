"""Find words whose first letters spell two given words.

problem   {"words": ["owl", "tea"]}
answer    onion, window, lamp, tiger, engine, anchor
"""

from collections.abc import Iterator

from musi.families.family import Family, Params, Slots
from musi.families.word_lists import by_initial, check_words, plain, wrong_words
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream

LONGEST = 5


def generate(rng: Stream, lang: Language) -> Params:
    """Two short words for whose letters there are words enough."""
    nouns = by_initial(lang.nouns)
    short = plain(lang.nouns)
    while True:
        words = [rng.choice(short), rng.choice(short)]
        letters = "".join(words).lower()
        if max(map(len, words)) > LONGEST or words[0] == words[1]:
            continue
        if all(len(nouns.get(letter, ())) >= letters.count(letter) for letter in letters):
            return {"words": words}


def letters_of(params: Params) -> str:
    return "".join(params["words"]).lower()


def solve(params: Params, lang: Language) -> str:
    nouns, letters = by_initial(lang.nouns), letters_of(params)
    rng = Stream("acrostic", *params["words"])
    drawn = {letter: rng.sample(nouns[letter], letters.count(letter)) for letter in dict.fromkeys(letters)}
    return lang.listed([drawn[letter].pop() for letter in letters])


def slots(params: Params, lang: Language) -> Slots:
    first, second = params["words"]
    return {"first": first, "second": second, "count": str(len(letters_of(params)))}


def check(text: str, params: Params, lang: Language) -> Verdict:
    letters = letters_of(params)
    return check_words(text, len(letters), lambda i, word: word[0] == letters[i])


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    words = gold.split(lang.comma)
    yield from wrong_words(gold, lang)
    yield lang.listed([next(noun for noun in plain(lang.nouns) if noun[0] != words[0][0]), *words[1:]])
    yield lang.listed(params["words"])
    yield lang.listed(list(letters_of(params)))


FAMILY = Family(
    name="acrostic",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=80 * 79,
    generate=generate,
    solve=solve,
    slots=slots,
    check=check,
    wrong=wrong,
)
