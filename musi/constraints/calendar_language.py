"""The names of weekdays and months stand in another language: `Thursday` becomes `Donnerstag`."""

import re
from functools import cache

from musi.constraints.constraint import Answers, ConstraintKind, Params, obeyed, words_of
from musi.languages import LANGUAGES, Language
from musi.matching import Verdict, clean
from musi.rng import Stream

_WORD = re.compile(r"\w+")


def generate(rng: Stream, lang: Language, answers: Answers) -> Params | None:
    languages = [name for name, code in _codes(lang).items() if code in LANGUAGES]
    if not languages or not any(answer in _calendar(lang.code) for answer in answers):
        return None
    if any(_named(answer, lang) and answer not in _calendar(lang.code) for answer in answers):
        return None  # a date, a first name such as Julio
    return {"language": rng.choice(languages)}


def apply(answer: str, params: Params, lang: Language) -> str:
    if answer not in _calendar(lang.code):
        return answer
    name = _calendar(_codes(lang)[params["language"]])[_calendar(lang.code).index(answer)]
    return answer if name.casefold() == answer.casefold() else name  # German `Mai` is right as French `mai`


def check(text: str, params: Params, lang: Language) -> Verdict:
    wrong = _named(text, lang) - _positions(_codes(lang)[params["language"]]).keys()
    return obeyed(not wrong, f"names weekdays and months in {params['language']}")


def strip(text: str, params: Params, lang: Language) -> str:
    position = _positions(_codes(lang)[params["language"]]).get(clean(text).casefold())
    return text if position is None else _calendar(lang.code)[position]


def _codes(lang: Language) -> dict[str, str]:
    """Codes of the other languages by their names in `lang`: the constraint's `words` are such as `de German`."""
    pairs = (entry.split(" ", 1) for entry in words_of("calendar_language", lang))
    return {name: code for code, name in pairs}


def _named(text: str, lang: Language) -> set[str]:
    """The weekdays and months of a language that stand in a text, letter case aside: as whole words where it has spaces."""
    text = clean(text).casefold()
    if not lang.word_gap:
        return {name for name in _positions(lang.code) if name in text}
    return _positions(lang.code).keys() & set(_WORD.findall(text))


@cache
def _calendar(code: str) -> tuple[str, ...]:
    return LANGUAGES[code].weekdays + LANGUAGES[code].months


@cache
def _positions(code: str) -> dict[str, int]:
    return {name.casefold(): position for position, name in enumerate(_calendar(code))}


CONSTRAINT = ConstraintKind(
    name="calendar_language",
    rank=16,
    slot="names",
    kinds=frozenset({"text"}),
    generate=generate,
    apply=apply,
    check=check,
    strip=strip,
)
