"""No answer has more than a given number of words."""

from musi.constraints.constraint import INLINE, MULTILINE, Answers, ConstraintKind, Params, obeyed
from musi.languages import Language, count_words
from musi.matching import MAX_ANSWER_CHARS, Verdict
from musi.rng import Stream

LONGEST = 60  # words of the longest answer up to which a limit is worth setting


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    longest = max(map(count_words, answers), default=0)
    return {"limit": max(longest, 2) + rng.randint(1, 4)} if longest <= LONGEST else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return answer


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(count_words(text[:MAX_ANSWER_CHARS]) <= params["limit"], f"has at most {params['limit']} words")


def strip(text: str, params: Params, lang: Language) -> str:
    return text


CONSTRAINT = ConstraintKind(
    name="word_limit",
    rank=64,
    slot="limit",
    kinds=INLINE,
    excludes=MULTILINE,
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
