"""Every answer stands in round brackets: `42` becomes `(42)`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

PAIRS = ("()", "（）")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    return None if any(mark in answer for answer in answers for mark in "()（）") else {}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"({answer})"


def check(text: str, params: Params, lang: Language) -> Verdict:
    text = clean(text)
    bracketed = len(text) > 2 and text[0] + text[-1] in PAIRS and not any(mark in text[1:-1] for mark in "()（）")
    return obeyed(bracketed, "stands in round brackets")


def strip(text: str, params: Params, lang: Language) -> str:
    return clean(text)[1:-1].strip() if check(text, params, lang).passed else text


CONSTRAINT = ConstraintKind(
    name="brackets",
    rank=52,
    slot="wrap",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
