"""Every answer stands in capital letters: `blue lamp` becomes `BLUE LAMP`."""

from musi.constraints.constraint import ALL_KINDS, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {}


def apply(answer: str, params: Params) -> str:
    return answer.upper()


def check(text: str, params: Params) -> Verdict:
    return obeyed(text == text.upper(), "is in capital letters")


def strip(text: str, params: Params) -> str:
    return text


CONSTRAINT = ConstraintKind(
    name="uppercase",
    rank=4,
    kinds=ALL_KINDS - {"exact"},
    excludes=frozenset({"exact"}),
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
    paraphrases={
        "en": (
            "Write every answer in capital letters.",
            "Use only capital letters in your answers.",
            "All answers must be in upper case.",
            "Answer in CAPITALS throughout.",
        )
    },
)
