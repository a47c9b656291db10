"""No answer contains a given common word."""

import re

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed, words_of
from musi.languages import Language
from musi.matching import MAX_ANSWER_CHARS, Verdict
from musi.rng import Stream

_WORD = re.compile(r"[^\W_]+")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    free = [word for word in words_of("forbidden_word", lang) if not any(_has(answer, word, lang) for answer in answers)]
    return {"word": rng.choice(free)} if free else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(not _has(text, params["word"], lang), f"does not contain the word {params['word']}")


def strip(text: str, params: Params, lang: Language) -> str:
    return text


def _has(text: str, word: str, lang: Language) -> bool:
    """Whether a word stands in a text, letter case aside: as a whole word where the language has spaces."""
    text = text[:MAX_ANSWER_CHARS].casefold()
    return word in text if not lang.word_gap else word in text and word in _WORD.findall(text)


CONSTRAINT = ConstraintKind(
    name="forbidden_word",
    rank=60,
    slot="limit",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
