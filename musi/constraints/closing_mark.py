"""Every answer ends with a given mark in place of a full stop: `42` becomes `42!`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, before, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean, without_stop
from musi.rng import Stream

MARKS = ("!", "!!", "?", "??", "~")
WIDE = str.maketrans("！？～", "!?~")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    free = all(answer[-1:].isalnum() or answer.endswith((".", "。", ")")) for answer in answers)
    return {"mark": rng.choice(MARKS)} if free else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return without_stop(answer) + params["mark"]


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_rest(text, params) is not None, f"ends with {params['mark']}")


def strip(text: str, params: Params, lang: Language) -> str:
    rest = _rest(text, params)
    return text if rest is None else rest


def _rest(text: str, params: Params) -> str | None:
    text = text.strip()
    if text.endswith((".", "。")):
        return None
    rest = before(clean(text).translate(WIDE), params["mark"])
    return rest if rest and not rest.endswith(params["mark"][0]) else None


CONSTRAINT = ConstraintKind(
    name="closing_mark",
    rank=32,
    slot="end",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
