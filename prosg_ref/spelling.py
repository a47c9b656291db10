"""How tokens of a prompt are spelt in an answer that a rule wants in capitals, in lower case, or with its number in words.

` Milan` is one token, `MILAN` three and `seventy-three` has none of the digits of 73. What is told is the prompt's token all the
same: each token of the answer is the word of one of the prompt's, or a piece of it.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

from musi.languages import LANGUAGES

from .tokenizer import AnyTokenizer

PRIVATE = 0xF0000  # the first of the code points that Unicode gives no character
LARGEST = 4  # digits of a number that is written in words
SCALES = ("and", "hundred", "thousand")  # belong to the word before them


def folded(tokenizer: AnyTokenizer) -> list[str]:
    """Each id's text without capitals, (V,). A piece of a character is read as a character that no text has."""
    texts = [tokenizer.decode([i]) for i in range(tokenizer.vocab_size)]
    return [chr(PRIVATE + i) if "\ufffd" in text else text.lower() for i, text in enumerate(texts)]


def glued(before: str, token: str) -> bool:
    """Whether a token goes on with the word that the one before it began; `seventy-three` is one word."""
    return (token[:1].isalpha() or token[:1] == "-") and (before[-1:].isalpha() or before[-1:] == "-")


def openings(said: Sequence[str]) -> Callable[[str], bool]:
    """Whether a token may be the first of those that tokens `said` are spelt from; of most it is not."""
    text, words = "".join(said), said[0].strip()[:1].isalpha()
    return lambda token: bool(token) and (text.startswith(token) or (words and token.isdigit()))


def spelt(told: Sequence[str], said: Sequence[str], span: int) -> list[int]:
    """For each of the tokens `said` from the first on, the number of the token `told` (of the first `span`) that it is the word
    of, or a piece of it; as many as are said by whole tokens, and no beginning of a word that goes on otherwise.

    `told` is best one token longer than `span`, so that a number can be seen to end.
    """
    if told[0].isdigit() and said[0].strip()[:1].isalpha():
        return _in_words(told, said, span)
    text, at, slots, found = "".join(said), 0, list[int](), list[int]()
    for number, token in enumerate(told[:span]):
        if not token or not text.startswith(token, at):
            break
        at += len(token)
        slots += _covered(said, slots, at, number)
        inside = text[at - 1].isalpha() and text[at : at + 1].isalpha() and number + 1 < min(span, len(told))
        if sum(map(len, said[: len(slots)])) == at and not inside:
            found = list(slots)
    return found


def _in_words(told: Sequence[str], said: Sequence[str], span: int) -> list[int]:
    """The same of a number of the prompt, a token a digit, and its English words."""
    digits = 0
    while digits < len(told) and told[digits].isdigit():
        digits += 1
    if digits > min(span, LARGEST):
        return []
    text = "".join(said)
    start, slots = len(text) - len(text.lstrip()), list[int]()
    words = _words("".join(told[:digits]))
    for word, slot in words:
        if not text.startswith(word, start):
            return []
        start += len(word)
        slots += _covered(said, slots, start, slot)
    return [] if text[start : start + 1].isalpha() or text[start : start + 1] == "-" else slots


def _covered(said: Sequence[str], slots: Sequence[int], end: int, number: int) -> list[int]:
    """`number` for each of the next tokens that begin before the character `end`."""
    begins, more = sum(map(len, said[: len(slots)])), list[int]()
    while len(slots) + len(more) < len(said) and begins < end:
        begins += len(said[len(slots) + len(more)])
        more.append(number)
    return more


@cache
def _words(digits: str) -> list[tuple[str, int]]:
    """The words of a number, with what stands between them, and the place of the digit that each tells: `sixty`, `-two`."""
    place, found = 0, list[tuple[str, int]]()
    for word in re.findall(r"[^a-z]*[a-z]+", LANGUAGES["en"].number_words(int(digits))):
        name = word.strip(" -")
        if name in SCALES:
            found.append((word, found[-1][1]))
            continue
        while place < len(digits) - 1 and digits[place] == "0":
            place += 1
        tens = name == "ten" or name.endswith("teen") or name in ("eleven", "twelve")
        place += tens
        found.append((word, place))
        place += 1
    return found
