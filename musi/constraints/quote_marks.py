"""Every answer stands in double quotation marks: `42` becomes `"42"`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import PAIRS, QUOTES, Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    return None if any(mark in answer for answer in answers for mark in QUOTES) else {}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f'"{answer}"'


def check(text: str, params: Params, lang: Language) -> Verdict:
    text = clean(text)
    inside = text[1:-1]
    quoted = len(text) > 2 and PAIRS.get(text[0]) == text[-1] and not any(mark in inside for mark in QUOTES)
    return obeyed(quoted, "stands in double quotation marks")


def strip(text: str, params: Params, lang: Language) -> str:
    return clean(text)[1:-1] if check(text, params, lang).passed else text


CONSTRAINT = ConstraintKind(
    name="quote_marks",
    rank=50,
    slot="wrap",
    kinds=INLINE - {"open"},
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
