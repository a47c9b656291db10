"""Every answer ends with a given word: `42` becomes `42 over`."""

from musi.constraints.constraint import ALL_KINDS, ConstraintKind, Params, obeyed
from musi.languages import Language
from musi.matching import Verdict, clean
from musi.rng import Stream

WORDS = {"en": ("over", "done", "amen", "roger", "cheers", "thanks", "indeed", "ahoy")}


def generate(rng: Stream, lang: Language) -> Params:
    return {"word": rng.choice(WORDS[lang.code])}


def apply(answer: str, params: Params) -> str:
    return f"{answer} {params['word']}"


def check(text: str, params: Params) -> Verdict:
    words = clean(text).casefold().split()
    return obeyed(len(words) > 1 and words[-1] == params["word"], f"ends with the word {params['word']}")


def strip(text: str, params: Params) -> str:
    text = clean(text)
    return text[: -len(params["word"])].rstrip(" ,\n") if check(text, params).passed else text


CONSTRAINT = ConstraintKind(
    name="end_word",
    rank=2,
    kinds=ALL_KINDS,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
    paraphrases={
        "en": (
            'End every answer with the word "{word}".',
            'The last word of each answer must be "{word}".',
            'Close every single answer with the extra word "{word}".',
            'After each answer, add the word "{word}" on the same line.',
        )
    },
)
