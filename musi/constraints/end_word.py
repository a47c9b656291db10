"""Every answer ends with a given word: `42` becomes `42 over`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, before, obeyed, words_of
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"word": rng.choice(words_of("end_word", lang))}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{answer} {params['word']}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    text = clean(text)
    apart = text[: -len(params["word"])][-1:].isspace() or not lang.word_gap
    return obeyed(apart and bool(before(text, params["word"])), f"ends with the word {params['word']}")


def strip(text: str, params: Params, lang: Language) -> str:
    if not check(text, params, lang).passed:
        return text
    return (before(clean(text), params["word"]) or "").rstrip(" ,，\n")


CONSTRAINT = ConstraintKind(
    name="end_word",
    rank=30,
    slot="end",
    kinds=INLINE - {"open"},
    excludes=MULTILINE | {"open"},
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
