"""Every answer ends with a dash and a given name: `42` becomes `42 - Nora`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, before, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

DASHES = "-–—"


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"name": rng.choice(lang.names)}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{answer} - {params['name']}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_rest(text, params) is not None, f"ends with - {params['name']}")


def strip(text: str, params: Params, lang: Language) -> str:
    rest = _rest(text, params)
    return text if rest is None else rest


def _rest(text: str, params: Params) -> str | None:
    rest = before(clean(text), params["name"])
    if not rest or rest[-1] not in DASHES:
        return None
    return rest[:-1].rstrip() or None


CONSTRAINT = ConstraintKind(
    name="signature",
    rank=34,
    slot="end",
    kinds=INLINE - {"open"},
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
