"""Every answer stands in capital letters: `blue lamp` becomes `BLUE LAMP`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    return {} if any(answer != answer.upper() for answer in answers) else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer.upper()


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(text == text.upper(), "is in capital letters")


def strip(text: str, params: Params, lang: Language) -> str:
    return text


CONSTRAINT = ConstraintKind(
    name="uppercase",
    rank=40,
    slot="case",
    kinds=INLINE - {"exact"},
    excludes=MULTILINE | {"exact"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
