"""What families share that play with the letters of words, or ask for a list of words under a rule."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

from musi.languages import Language
from musi.languages.language import Words
from musi.matching import Verdict, clean

_SEPARATOR = re.compile(r"[,，、;；]")


@cache
def plain(words: Words) -> Words:
    """The words that hold only letters from a to z: nobody can argue about accents, ligatures or apostrophes in them."""
    return tuple(word for word in words if word.isascii() and word.isalpha() and len(word) > 2)


@cache
def by_initial(words: Words) -> dict[str, Words]:
    """The plain words by their first letter, which is small."""
    table: dict[str, list[str]] = {}
    for word in plain(words):
        table.setdefault(word[0].lower(), []).append(word)
    return {letter: tuple(found) for letter, found in table.items()}


def bare(word: str) -> str:
    """The word with its letters stripped of accents."""
    return word if word.isascii() else unicodedata.normalize("NFD", word)


def check_words(text: str, count: int, fits: Callable[[int, str], bool]) -> Verdict:
    """Whether a text is `count` different words of three letters or more, separated by commas, and word `i` (from 0) fits.

    `fits` gets the word in small letters and without accents; semicolons are taken for commas, since a rule may ask for them.
    """
    text = clean(text)
    words = [word.strip() for word in _SEPARATOR.split(text.casefold())]
    if len(words) != count:
        return Verdict(False, f"{len(words)} words, not {count}" if text else "empty answer", text)
    if len(set(words)) != count:
        return Verdict(False, "a word comes twice", text)
    if not all(word.isalpha() and len(word) > 2 for word in words):
        return Verdict(False, "something is not a word of three letters or more", text)
    if misfits := [word for i, word in enumerate(words) if not fits(i, bare(word))]:
        return Verdict(False, f"{misfits[0]} does not fit", text)
    return Verdict(True, "obeys every rule", text)


def wrong_words(gold: str, lang: Language) -> Iterator[str]:
    """A right list of words made wrong: too short, too long, with a word twice, without commas, with words cut or numbered."""
    words = gold.split(lang.comma)
    yield lang.listed(words[:-1])
    yield lang.listed([*words, next(noun for noun in lang.nouns if noun not in words)])
    yield lang.listed([*words[:-1], words[0]])
    yield " ".join(words)
    yield lang.listed([word[:2] for word in words])
    yield lang.listed([f"{i} {word}" for i, word in enumerate(words, start=1)])
