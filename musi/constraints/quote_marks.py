"""Every answer stands in double quotation marks: `42` becomes `"42"`."""

from musi.constraints.constraint import ALL_KINDS, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import QUOTES, Verdict, clean
from musi.rng import Stream

PAIRS = {'"': '"', "“": "”", "„": "“"}


def generate(rng: Stream, lang: Language) -> Params:
    return {}


def apply(answer: str, params: Params) -> str:
    return f'"{answer}"'


def check(text: str, params: Params) -> Verdict:
    text = clean(text)
    inside = text[1:-1]
    quoted = len(text) > 2 and PAIRS.get(text[0]) == text[-1] and not any(mark in inside for mark in QUOTES)
    return obeyed(quoted, "stands in double quotation marks")


def strip(text: str, params: Params) -> str:
    return clean(text)[1:-1] if check(text, params).passed else text


CONSTRAINT = ConstraintKind(
    name="quote_marks",
    rank=5,
    kinds=ALL_KINDS,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
    paraphrases={
        "en": (
            "Put every answer in double quotation marks.",
            'Write each answer between double quotation marks, like "this".',
            "All answers must stand in double quotation marks.",
            "Enclose each complete answer in double quotation marks.",
        )
    },
)
