"""Every answer starts with a given name and a colon: `42` becomes `Nora: 42`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"name": rng.choice(lang.names)}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{params['name']}: {answer}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(clean(text).casefold().startswith(params["name"].casefold() + ":"), f"starts with {params['name']}:")


def strip(text: str, params: Params, lang: Language) -> str:
    return clean(text)[len(params["name"]) + 1 :].lstrip() if check(text, params, lang).passed else text


CONSTRAINT = ConstraintKind(
    name="speaker_name",
    rank=20,
    slot="front",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
