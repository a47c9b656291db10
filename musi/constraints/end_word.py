"""Every answer ends with a given word: `42` becomes `42 over`."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

WORDS = {"en": ("over", "done", "amen", "roger", "cheers", "thanks", "indeed", "ahoy")}


def generate(rng: Stream, lang: Language, answers: Answers) -> Params:
    return {"word": rng.choice(WORDS[lang.code])}


def apply(answer: str, params: Params, lang: Language) -> str:
    return f"{answer} {params['word']}"


def check(text: str, params: Params, lang: Language) -> Verdict:
    words = clean(text).casefold().split()
    return obeyed(len(words) > 1 and words[-1] == params["word"], f"ends with the word {params['word']}")


def strip(text: str, params: Params, lang: Language) -> str:
    text = clean(text)
    return text[: -len(params["word"])].rstrip(" ,\n") if check(text, params, lang).passed else text


CONSTRAINT = ConstraintKind(
    name="end_word",
    rank=30,
    slot="end",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
