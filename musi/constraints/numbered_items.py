"""The items of every list are numbered: `a, b` becomes `#1 a, #2 b`."""

import re

from musi.constraints.constraint import MAX_LISTED, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import MAX_ANSWER_CHARS, Verdict, clean
from musi.rng import Stream

_COMMA = re.compile(r"[,，、]\s?(?=#)")
_NUMBER = re.compile(r"#([0-9]{1,3})\s+(?=\S)")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    listed = all(lang.comma in answer and "#" not in answer for answer in answers)
    return {} if listed and sum(answer.count(lang.comma) for answer in answers) < MAX_LISTED else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return lang.listed([f"#{k} {item}" for k, item in enumerate(answer.split(lang.comma), start=1)])


def check(text: str, params: Params, lang: Language) -> Verdict:
    items = _COMMA.split(clean(text))
    numbers = [match and int(match[1]) for match in map(_NUMBER.match, items)]
    return obeyed(len(items) > 1 and numbers == list(range(1, len(items) + 1)), "numbers list items #1, #2, …")


def strip(text: str, params: Params, lang: Language) -> str:
    text = text[:MAX_ANSWER_CHARS]
    if not check(text, params, lang).passed:
        return text
    return lang.listed([_NUMBER.sub("", item, count=1) for item in _COMMA.split(clean(text))])


CONSTRAINT = ConstraintKind(
    name="numbered_items",
    rank=12,
    slot="separator",
    kinds=frozenset({"items"}),
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
