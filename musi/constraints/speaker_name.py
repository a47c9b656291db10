"""Every answer starts with a given name and a colon: `42` becomes `Nora: 42`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, after, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"name": rng.choice(lang.names)}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{params['name']}{': ' if lang.word_gap else '：'}{answer}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_rest(text, params) is not None, f"starts with {params['name']}:")


def strip(text: str, params: Params, lang: Language) -> str:
    rest = _rest(text, params)
    return text if rest is None else rest


def _rest(text: str, params: Params) -> str | None:
    text = clean(text)
    rest = after(text, params["name"] + ":")
    return after(text, params["name"] + "：") if rest is None else rest


CONSTRAINT = ConstraintKind(
    name="speaker_name",
    rank=20,
    slot="front",
    kinds=INLINE - {"open"},
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
