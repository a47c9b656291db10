"""Every answer starts with a given arrow: `42` becomes `-> 42`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, after, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

ARROWS = ("->", "=>", ">>", "-->", "==>")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"arrow": rng.choice(ARROWS)}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{params['arrow']} {answer}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    rest = after(clean(text), params["arrow"])
    return obeyed(rest is not None and not rest.startswith(">"), f"starts with {params['arrow']}")


def strip(text: str, params: Params, lang: Language) -> str:
    return clean(text)[len(params["arrow"]) :].lstrip() if check(text, params, lang).passed else text


CONSTRAINT = ConstraintKind(
    name="arrow",
    rank=24,
    slot="front",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
