"""Every answer starts with a given word and a comma: `42` becomes `Indeed, 42`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, after, obeyed, words_of
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"word": rng.choice(words_of("start_word", lang))}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{params['word']}{lang.word_gap}{answer}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_rest(text, params) is not None, f"starts with {params['word']}")


def strip(text: str, params: Params, lang: Language) -> str:
    rest = _rest(text, params)
    return text if rest is None else rest


def _rest(text: str, params: Params) -> str | None:
    return after(clean(text).replace("，", ","), params["word"].replace("，", ","))


CONSTRAINT = ConstraintKind(
    name="start_word",
    rank=22,
    slot="front",
    kinds=INLINE - {"open"},
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
