"""How an answer text is compared with the gold: exact after harmless reformatting, no credit for substrings.

Harmless is: surrounding space, one layer of markdown emphasis, code marks or a code fence around the whole answer, a
trailing full stop, runs of white space (any at all beside Chinese characters), and letter case where the kind of answer allows
it. Everything else counts.

integer   18            one whole number, digits grouped or not         text      Nairobi       short, any letter case
exact     Na            short, letter case counts                       items     a, b, c       a list in order
passage   a long text   any letter case, perhaps in quotation marks     block     several lines: table rows, bullets, CSV
json      {"a": 1}      equal as JSON, keys in any order                open      judged by the family's own check
"""

import json
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, NamedTuple

AnswerKind = Literal["integer", "text", "exact", "items", "passage", "block", "json", "open"]
MAX_ANSWER_CHARS = 20_000
MAX_JSON_DEPTH = 20
QUOTES = '"“”„«»「」'
PAIRS = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」"}
_COMMA = re.compile(r" ?[,，、] ?")
_HAN_SPACE = re.compile(r" (?=[\u3001-\u303f\u3400-\u9fff\uff01-\uff60])|(?<=[\u3001-\u303f\u3400-\u9fff\uff01-\uff60]) ")
_FENCE = re.compile(r"```[a-zA-Z]*\n([^`]*)```")
_BULLETS = ("- ", "* ", "• ", "– ")
_RULE_CELL = re.compile(r":?-{1,20}:?")
_WRAPPERS = ("**", "__", "`", "*", "_")
_MARKS = ("*", "_", "`")


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
    text = without_stop(text)
    if text[:1] not in _MARKS:
        return without_stop(text)
    for wrapper in _WRAPPERS:
        if len(text) > 2 * len(wrapper) and text.startswith(wrapper) and text.endswith(wrapper):
            text = text[len(wrapper) : -len(wrapper)].strip()
            break
    return without_stop(text)


def without_stop(text: str) -> str:
    """The text without one full stop at its end."""
    return text[:-1].rstrip() if text.endswith((".", "。")) else text


def _spaced(text: str) -> str:
    """Runs of white space as one space, and none beside Chinese characters and marks, where it says nothing: `6 个` is `6个`."""
    text = " ".join(text.split())
    return text if text.isascii() else _HAN_SPACE.sub("", text)


@lru_cache(maxsize=256)
def _gold(form: Callable[[str], str], gold: str) -> str:
    """A gold answer in the form that is compared; many texts are held against one gold."""
    return form(gold)


def _compare(parsed: str, gold: str) -> Verdict:
    if parsed == gold:
        return Verdict(True, "matches", parsed)
    return Verdict(False, "empty answer" if not parsed else "differs from the gold answer", parsed)


def match_integer(text: str, gold: str, thousands: str = ",") -> Verdict:
    """The whole text is one integer of the gold's value; `thousands` are the marks that may group its digits."""
    parsed = clean(text)
    digits = parsed.removeprefix("+")
    sign = "-" if digits.startswith("-") else ""
    digits = digits.removeprefix("-")
    for mark in thousands:
        head, *groups = digits.split(mark)
        if groups and 1 <= len(head) <= 3 and all(len(group) == 3 for group in groups):
            digits = head + "".join(groups)
            break
    if not (digits.isascii() and digits.isdecimal()):
        return Verdict(False, "not a whole number alone" if parsed else "empty answer", parsed)
    return _compare(sign + (digits.lstrip("0") or "0"), gold)


def match_text(text: str, gold: str, thousands: str = ",") -> Verdict:
    """Equal up to letter case and runs of white space."""
    return _compare(_text(text), _gold(_text, gold))


def _text(text: str) -> str:
    return _spaced(clean(text).casefold())


def match_passage(text: str, gold: str, thousands: str = ",") -> Verdict:
    """As `match_text`, and the whole passage may stand in double quotation marks."""
    text = clean(text)
    quoted = len(text) > 2 and PAIRS.get(text[0]) == text[-1]
    return match_text(text[1:-1] if quoted else text, gold)


def match_exact(text: str, gold: str, thousands: str = ",") -> Verdict:
    """Equal with letter case, up to runs of white space."""
    return _compare(_exact(text), _gold(_exact, gold))


def _exact(text: str) -> str:
    return _spaced(clean(text))


def match_items(text: str, gold: str, thousands: str = ",") -> Verdict:
    """The same comma-separated items in the same order, up to letter case."""
    return _compare(_items(text), _gold(_items, gold))


def _items(text: str) -> str:
    text = _text(text)
    if text.isascii():
        return text.replace(" ,", ",").replace(", ", ",").replace(",", ", ")
    return _COMMA.sub(", ", text)


def match_block(text: str, gold: str, thousands: str = ",") -> Verdict:
    """The same lines in the same order, up to letter case, space around separators, kind of bullet and blank lines."""
    return _compare(_block(text), _gold(_block, gold))


def _block(text: str) -> str:
    text = text[:MAX_ANSWER_CHARS].strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if text.startswith("```") and (fence := _FENCE.fullmatch(text)):
        text = fence[1]
    words = [line.split() for line in text.casefold().splitlines()]
    return "\n".join([_line(" ".join(line)) for line in words if line])


def _line(line: str) -> str:
    """A line whose words are one space apart."""
    if line.startswith("|") and line.endswith("|"):
        cells = [cell.strip() for cell in line[1:-1].split("|")]
        return "|".join("-" if _RULE_CELL.fullmatch(cell) else cell for cell in cells)
    if line[:2] in _BULLETS:
        line = "- " + line[2:]
    return _COMMA.sub(",", line) if "," in line or not line.isascii() else line


def match_json(text: str, gold: str, thousands: str = ",") -> Verdict:
    """Valid JSON of the same value, perhaps in a code fence; duplicate keys fail."""
    text = text[:MAX_ANSWER_CHARS].strip()
    if text.startswith("```") and (fence := _FENCE.fullmatch(text)):
        text = fence[1].strip()
    value = parse_json(text)
    if value is None:
        return Verdict(False, "not valid JSON" if text else "empty answer", text)
    same = json.dumps(value, sort_keys=True) == json.dumps(json.loads(gold), sort_keys=True)
    return Verdict(same, "matches" if same else "differs from the gold answer", text)


def parse_json(text: str) -> Any:
    """The object or array that a text holds as JSON, or None when it is none, is nested too deep or repeats a key."""
    if not text.startswith(("{", "[")) or text.count("[") + text.count("{") > MAX_JSON_DEPTH:
        return None

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("duplicate key")
        return dict(pairs)

    try:
        return json.loads(unicodedata.normalize("NFC", text), object_pairs_hook=unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


MATCHERS: dict[AnswerKind, Callable[[str, str, str], Verdict]] = {
    "integer": match_integer,
    "text": match_text,
    "exact": match_exact,
    "items": match_items,
    "passage": match_passage,
    "block": match_block,
    "json": match_json,
}
