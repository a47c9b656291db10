"""Every answer stands between given tags: `42` becomes `<reply>42</reply>`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, after, before, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

TAGS = ("answer", "reply", "out", "result", "box", "a", "x")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    return None if any("<" in answer for answer in answers) else {"tag": rng.choice(TAGS)}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"<{params['tag']}>{answer}</{params['tag']}>"


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_inside(text, params) is not None, f"stands between <{params['tag']}> and </{params['tag']}>")


def strip(text: str, params: Params, lang: Language) -> str:
    inside = _inside(text, params)
    return text if inside is None else inside


def _inside(text: str, params: Params) -> str | None:
    rest = after(clean(text), f"<{params['tag']}>")
    inside = None if rest is None else before(rest, f"</{params['tag']}>")
    return None if inside is None or "<" in inside else inside


CONSTRAINT = ConstraintKind(
    name="tags",
    rank=54,
    slot="wrap",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
