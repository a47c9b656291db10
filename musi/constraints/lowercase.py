"""Every answer stands in small letters: `Port Louis` becomes `port louis`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    return {} if any(answer != answer.lower() for answer in answers) else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer.lower()


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(text == text.lower(), "is in small letters")


def strip(text: str, params: Params, lang: Language) -> str:
    return text


CONSTRAINT = ConstraintKind(
    name="lowercase",
    rank=42,
    slot="case",
    kinds=INLINE - {"exact"},
    excludes=MULTILINE | {"exact"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
