"""Lists in the answers use slashes, even where a task says commas: `a, b` becomes `a / b`."""

from musi.constraints.constraint import MAX_LISTED, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    listed = all(lang.comma in answer and "/" not in answer for answer in answers)
    return {} if listed and sum(answer.count(lang.comma) for answer in answers) < MAX_LISTED else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer.replace(lang.comma, " / ")


def check(text: str, params: Params, lang: Language) -> Verdict:
    text = text.replace("／", "/")
    return obeyed("/" in text and not any(comma in text for comma in ",，、"), "separates list items by slashes")


def strip(text: str, params: Params, lang: Language) -> str:
    return text.replace("／", "/").replace("/", ",")


CONSTRAINT = ConstraintKind(
    name="slashes",
    rank=11,
    slot="separator",
    kinds=frozenset({"items"}),
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
