"""How tokens of a prompt are spelt in an answer that a rule wants in capitals, in lower case, or with its number in words.

` Milan` is one token, `MILAN` three and `seventy-three` has none of the digits of 73. What is told is the prompt's token all the
same: each token of the answer is the word of one of the prompt's, or a piece of it.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, takewhile

from musi.languages.en import SMALL, number_words

from .tokenizer import AnyTokenizer, texts_of

PRIVATE = 0xF0000  # the first of the code points that Unicode gives no character
SCALES = ("and", "hundred", "thousand")  # belong to the word before them


def folded(tokenizer: AnyTokenizer) -> list[str]:
    """Each id's text without capitals, (V,). A piece of a character is read as a character that no text has."""
    texts = texts_of(tokenizer)
    return [chr(PRIVATE + i) if "\ufffd" in text else text.lower() for i, text in enumerate(texts)]


def glued(before: str, token: str) -> bool:
    """Whether a token goes on with the word that the one before it began; `seventy-three` is one word."""
    return (token[:1].isalpha() or token[:1] == "-") and (before[-1:].isalpha() or before[-1:] == "-")


def spelt(prompt: Sequence[str], said: Sequence[str], span: int) -> list[list[int]]:
    """For each token of a prompt what is said from there on, T lists: for each of the tokens `said` from the first on, the number
    of the prompt's token, counted from that place and less than `span`, that it is the word of, or a piece of it. Empty where
    another text stands. What is said ends with a whole token of both, and not inside a word that goes on otherwise.
    """
    text, begins = "".join(said), [0, *accumulate(map(len, said))]
    words = text.lstrip()[:1].isalpha()
    found = []
    for t, token in enumerate(prompt):
        ends: list[tuple[int, int]] = []
        if words and token.isdecimal():
            ends = _in_words(prompt, t, span, text)
        elif token and text.startswith(token):
            ends = _as_it_stands(prompt[t : t + span], text, set(begins))
        found.append(_numbers(begins, ends) if ends else [])
    return found


def _as_it_stands(told: Sequence[str], text: str, begins: set[int]) -> list[tuple[int, int]]:
    """Where in what is said the tokens `told` end, one after the other, and their numbers."""
    at, whole, ends = 0, 0, list[tuple[int, int]]()
    for number, token in enumerate(told):
        if not token or not text.startswith(token, at):
            break
        at += len(token)
        ends.append((at, number))
        goes_on = text[at - 1].isalpha() and text[at : at + 1].isalpha() and number + 1 < len(told)
        if at in begins and not goes_on:
            whole = len(ends)
    return ends[:whole]


def _in_words(prompt: Sequence[str], t: int, span: int, text: str) -> list[tuple[int, int]]:
    """The same of the English words of a number that begins at t; none of one whose tokens are not single digits."""
    tokens = list(takewhile(str.isdecimal, prompt[t : t + span + 1]))
    digits = "".join(tokens)
    if len(tokens) < len(digits) or len(tokens) > span or (t and prompt[t - 1].isdecimal()):
        return []
    at, ends = len(text) - len(text.lstrip()), list[tuple[int, int]]()
    for word, number in _words(digits):
        if not text.startswith(word, at):
            return []
        at += len(word)
        ends.append((at, number))
    return [] if text[at : at + 1].isalpha() or text[at : at + 1] == "-" else ends


def _numbers(begins: Sequence[int], ends: Sequence[tuple[int, int]]) -> list[int]:
    """The numbers of what tokens fall into that begin at `begins`, up to the last of `ends`."""
    return [next(number for end, number in ends if begin < end) for begin in begins if begin < ends[-1][0]]


@cache
def _words(digits: str) -> list[tuple[str, int]]:
    """The words of a number, with what stands between them, and the place of the digit that each tells: `sixty`, `-two`."""
    place, found = 0, list[tuple[str, int]]()
    for word in re.findall(r"[^a-z]*[a-z]+", number_words(int(digits))):
        name = word.strip(" -")
        if name in SCALES:
            found.append((word, found[-1][1]))
            continue
        while place < len(digits) - 1 and digits[place] == "0":
            place += 1
        place += name in SMALL[10:]  # tells two digits, counts as the second
        found.append((word, place))
        place += 1
    return found
