"""No answer contains a given letter."""

import unicodedata
from collections import Counter
from functools import cache

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import LANGUAGES, Language
from musi.matching import MAX_ANSWER_CHARS, Verdict
from musi.rng import Stream

CHOICE = 4  # drawn from so many of the most frequent letters that the answers do without


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    used = set(unicodedata.normalize("NFD", "".join(answers).casefold()))
    free = [letter for letter in _by_frequency(lang.code) if letter not in used][:CHOICE]
    return {"letter": rng.choice(free)} if free else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(params["letter"] not in text[:MAX_ANSWER_CHARS].casefold(), f"does not contain the letter {params['letter']}")


def strip(text: str, params: Params, lang: Language) -> str:
    return text


@cache
def _by_frequency(code: str) -> tuple[str, ...]:
    """The plain letters of a language's alphabet, those that its nouns have most often first."""
    counts = Counter("".join(LANGUAGES[code].nouns).casefold())
    return tuple(sorted(filter(str.isascii, LANGUAGES[code].alphabet), key=lambda letter: (-counts[letter], letter)))


CONSTRAINT = ConstraintKind(
    name="forbidden_letter",
    rank=62,
    slot="limit",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
