"""Write a text of about so many words with two given words in it: a long answer that pushes later stages away from the prompt.

problem   {"words": ["lamp", "river"], "size": 20}     8 to 32 words
answer    Nora wrote about the lamp and the river. The tired baker painted the green gate.
"""

import re
from collections.abc import Iterator

from musi.families.family import Family, Params, Slots
from musi.families.sentences import ENDS, check_writing
from musi.languages import Language, count_words
from musi.matching import Verdict
from musi.rng import Stream

_END = re.compile(f"[{ENDS}]")


def generate(rng: Stream, lang: Language) -> Params:
    return stretch(rng, lang, rng.randint(18, 40))


def stretch(rng: Stream, lang: Language, words: int) -> Params:
    return {"words": rng.sample(lang.nouns, 2), "size": words}


def bounds(params: Params) -> tuple[int, int]:
    """The fewest and the most words: a tenth of the size to either side, but never so little that a sentence cannot fit."""
    size = params["size"]
    slack = max(12, size // 10)
    return max(size - slack, 5), size + slack


def solve(params: Params, lang: Language) -> str:
    """Sentences as long as they bring the text nearer to its size."""
    first, second = params["words"]
    rng = Stream("short_text", first, second, params["size"])
    sentences = [lang.parts("short_text", name=[rng.choice(lang.names)], first=[first], second=[second])]
    room = params["size"] - count_words(sentences[0])
    while True:
        sentence = lang.sentence(rng)
        words = count_words(sentence)
        if 2 * room < words:
            return lang.word_gap.join(sentences)
        sentences.append(sentence)
        room -= words


def slots(params: Params, lang: Language) -> Slots:
    first, second = params["words"]
    least, most = bounds(params)
    return {"first": first, "second": second, "least": str(least), "most": str(most)}


def check(text: str, params: Params, lang: Language) -> Verdict:
    verdict = check_writing(text, lang, params["words"], *bounds(params))
    sentences = [part.strip() for part in _END.split(verdict.parsed.casefold()) if part.strip()]
    if verdict.passed and any(letter.isdecimal() for letter in set(verdict.parsed)):
        return Verdict(False, "holds digits", verdict.parsed)
    if verdict.passed and len(set(sentences)) < len(sentences):
        return Verdict(False, "a sentence comes twice", verdict.parsed)
    return verdict


def wrong(params: Params, lang: Language) -> Iterator[str]:
    gold = solve(params, lang)
    first, second = params["words"]
    _, most = bounds(params)
    opening = lang.parts("short_text", name=[lang.names[0]], first=[first], second=[second])
    yield lang.word_gap.join([first, second])
    yield gold.replace(first, lang.weekdays[0])
    yield gold.replace(second, lang.weekdays[1])
    yield lang.word_gap.join([gold] * (most // count_words(gold) + 1))
    yield lang.word_gap.join([opening] * max(2, params["size"] // count_words(opening)))
    yield lang.word_gap.join([first, second, *[first] * (params["size"] - 2)])
    yield f"{gold[:-1]} 7"
    yield gold.replace(first, f'"{first}"')


FAMILY = Family(
    name="short_text",
    group="short composition",
    memory="instruction",
    answer="open",
    capacity=200 * 199 * 20,
    generate=generate,
    solve=solve,
    slots=slots,
    stretch=stretch,
    check=check,
    wrong=wrong,
)
