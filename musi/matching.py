"""How an answer text is compared with the gold: exact after harmless reformatting, no credit for substrings.

Harmless is: surrounding space, one layer of markdown emphasis, code marks or a code fence around the whole answer, a
trailing full stop, runs of white space, and letter case where the kind of answer allows it. Everything else counts.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, NamedTuple

AnswerKind = Literal["integer", "text", "exact", "items", "passage"]
MAX_ANSWER_CHARS = 20_000
_INTEGER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)")
_COMMA = re.compile(r" ?, ?")
_FENCE = re.compile(r"```[a-zA-Z]*\n([^`]*)```")
QUOTES = '"“”„'
_WRAPPERS = ("**", "__", "`", "*", "_")


class Verdict(NamedTuple):
    """Outcome of a check: whether it passed, why, and what was read from the text."""

    passed: bool
    reason: str
    parsed: str


def clean(text: str) -> str:
    """The text without its harmless formatting; an over-long text is cut, which makes it fail any comparison."""
    text = text[:MAX_ANSWER_CHARS].strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if text.startswith("```") and (fence := _FENCE.fullmatch(text)):
        text = fence[1].strip()
    text = text.removesuffix(".").rstrip()
    for wrapper in _WRAPPERS:
        if len(text) > 2 * len(wrapper) and text.startswith(wrapper) and text.endswith(wrapper):
            text = text[len(wrapper) : -len(wrapper)].strip()
            break
    return text.removesuffix(".").rstrip()


def _compare(parsed: str, gold: str) -> Verdict:
    if parsed == gold:
        return Verdict(True, "matches", parsed)
    return Verdict(False, "empty answer" if not parsed else "differs from the gold answer", parsed)


def match_integer(text: str, gold: str) -> Verdict:
    """The whole text is one integer (thousands commas allowed) of the gold's value."""
    parsed = clean(text)
    if not _INTEGER.fullmatch(parsed):
        return Verdict(False, "not a whole number alone" if parsed else "empty answer", parsed)
    digits = parsed.replace(",", "").removeprefix("+")
    sign = "-" if digits.startswith("-") else ""
    return _compare(sign + (digits.removeprefix("-").lstrip("0") or "0"), gold)


def match_text(text: str, gold: str) -> Verdict:
    """Equal up to letter case and runs of white space."""
    return _compare(" ".join(clean(text).casefold().split()), " ".join(clean(gold).casefold().split()))


def match_passage(text: str, gold: str) -> Verdict:
    """As `match_text`, and the whole passage may stand in double quotation marks."""
    text = clean(text)
    quoted = len(text) > 2 and text[0] in QUOTES and text[-1] in QUOTES
    return match_text(text[1:-1] if quoted else text, gold)


def match_exact(text: str, gold: str) -> Verdict:
    """Equal with letter case, up to runs of white space."""
    return _compare(" ".join(clean(text).split()), " ".join(clean(gold).split()))


def match_items(text: str, gold: str) -> Verdict:
    """The same comma-separated items in the same order, up to letter case."""
    return _compare(_items(clean(text)), _items(clean(gold)))


def _items(text: str) -> str:
    return _COMMA.sub(", ", " ".join(text.casefold().split()))


MATCHERS: dict[AnswerKind, Callable[[str, str], Verdict]] = {
    "integer": match_integer,
    "text": match_text,
    "exact": match_exact,
    "items": match_items,
    "passage": match_passage,
}
