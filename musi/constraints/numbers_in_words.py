"""A number that is the whole answer is written in words: `42` becomes `forty-two`."""

from functools import cache

from musi.constraints.constraint import Answers, ConstraintKind, Params, obeyed, words_of
from musi.languages import LANGUAGES, Language
from musi.matching import Verdict, clean
from musi.rng import Stream

LARGEST = 9_999
VARIANTS = str.maketrans("两〇", "二零")  # in Chinese, two and zero may be written either way


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    in_reach = all(answer.isdecimal() and int(answer) <= LARGEST for answer in answers)
    return {} if answers and in_reach else None


def apply(answer: str, params: Params, lang: Language) -> str:
    return lang.number_words(int(answer)) if answer.isdecimal() and len(answer) <= 4 else answer


def check(text: str, params: Params, lang: Language) -> Verdict:
    return obeyed(_key(clean(text), lang) in _numbers(lang.code), "writes the number in words")


def strip(text: str, params: Params, lang: Language) -> str:
    return _numbers(lang.code).get(_key(clean(text), lang), text)


def _key(text: str, lang: Language) -> str:
    """The words of a number without what may be left out: letter case, hyphens, the constraint's `words` such as `and`."""
    optional = words_of("numbers_in_words", lang)
    words = text[:200].casefold().translate(VARIANTS).replace("-", " ").replace("\u2011", " ").split()
    return lang.word_gap.join([word for word in words if word not in optional])


@cache
def _numbers(code: str) -> dict[str, str]:
    """Digits by the key of their words."""
    lang = LANGUAGES[code]
    return {_key(lang.number_words(n), lang): str(n) for n in range(LARGEST + 1)}


CONSTRAINT = ConstraintKind(
    name="numbers_in_words",
    rank=14,
    slot="numbers",
    kinds=frozenset({"integer"}),
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
