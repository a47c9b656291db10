"""Every answer stands between pairs of asterisks: `42` becomes `**42**`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import MAX_ANSWER_CHARS, Verdict, without_stop
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    return None if any("*" in answer for answer in answers) else {}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"**{answer}**"


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_inside(text) is not None, "stands between ** and **")


def strip(text: str, params: Params, lang: Language) -> str:
    inside = _inside(text)
    return text if inside is None else inside


def _inside(text: str) -> str | None:
    """What stands between the asterisks; looks at the text as written, since `clean` takes emphasis for harmless."""
    text = without_stop(text[:MAX_ANSWER_CHARS].strip())
    inside = text[2:-2].strip()
    return inside if text[:2] == text[-2:] == "**" and inside and "*" not in inside else None


CONSTRAINT = ConstraintKind(
    name="bold",
    rank=56,
    slot="wrap",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
