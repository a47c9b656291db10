"""Lists in the answers use semicolons, even where a task says commas: `a, b` becomes `a; b`."""

from musi.constraints.constraint import ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language) -> Params:
    return {}


def apply(answer: str, params: Params) -> str:
    return answer.replace(", ", "; ")


def check(text: str, params: Params) -> Verdict:
    return obeyed(";" in text and "," not in text, "separates list items by semicolons")


def strip(text: str, params: Params) -> str:
    return text.replace(";", ",")


CONSTRAINT = ConstraintKind(
    name="semicolons",
    rank=1,
    kinds=frozenset({"items"}),
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
    paraphrases={
        "en": (
            "Wherever a task asks for commas, use semicolons instead.",
            "In all lists, put semicolons where the task says commas.",
            "Separate the items of every list by semicolons, even if a task says commas.",
            "Never use commas in a list; use semicolons in their place.",
        )
    },
)
