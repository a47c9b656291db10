"""What a language must bring: its words, its grammar where answers need it, and how it frames a prompt in each style."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from musi.phrasing import Phrasing, phrasings
from musi.rng import Stream

Words = tuple[str, ...]
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_MARKS = re.compile(r"[、，。；：！？「」“”（）《》]")


def count_words(text: str) -> int:
    """Words of a text, the unit of distance: what white space separates, and every Chinese character by itself."""
    if not text.isascii():
        text = _HAN.sub(" x ", _HAN_MARKS.sub(" ", text))
    return len(text.split())


def plain_letters(word: str) -> str:
    """Sort key of words whose accents and umlauts do not count: `Äpfel` sorts as `apfel`."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@dataclass(frozen=True, eq=False)
class Language:
    """One language. Templates are `str.format` strings; `{n}` is the number of stages.

    Words, each list in the one form that phrasings need:
        nouns       concrete things, singular, no article, letters only: "lamp"
        names       first names
        things      countable, as they stand after a number over one: "lamps"
        carried     with the article, as the object of "brings": "the tent"
        places      towns and cities
        colours     as they stand after "is": "red"
    Grammar:
        sentence    a plain sentence of at least four words with its full stop, drawn from a stream
        number_words  a whole number from 0 to 9,999 in words
        comma       what separates the items of a list in an answer, such as ", "
        join        "a, b and c", for running text
        lower_first the instruction as it stands after a connective
        sort_key    what the alphabetical order of words goes by
        alphabet, vowels  small letters; empty where the language has none
        thousands   the marks that may group digits, such as ","
    Frames: `openings[style]` introduces the tasks of several-stage prompts and `single_openings[style]` a lone one;
        connectives join instructions in running prose.
    """

    code: str
    label: str
    nouns: Words
    names: Words
    things: Words
    carried: Words
    places: Words
    colours: Words
    weekdays: Words
    months: Words
    ordinals: Words
    units: dict[str, str]
    sentence: Callable[[Stream], str]
    number_words: Callable[[int], str]
    comma: str
    join: Callable[[list[str]], str]
    lower_first: Callable[[str], str]
    sort_key: Callable[[str], str]
    alphabet: str
    vowels: str
    thousands: str
    openings: dict[str, Words]
    single_openings: dict[str, Words]
    context_leads: Words
    rules_lead: str
    formats: Words
    single_formats: Words
    first_connectives: Words
    middle_connectives: Words
    last_connectives: Words
    letter_greetings: Words
    letter_closings: Words
    postscript: str
    table_head: tuple[str, str]
    word_gap: str = " "

    def phrasing(self, name: str) -> Phrasing | None:
        """The templates of a family or constraint, or None when this language does not have it."""
        return phrasings(self.code).get(name)

    def listed(self, items: list[str]) -> str:
        """Items as an answer lists them: `a, b, c`."""
        return self.comma.join(items)

    def parts(self, family: str, /, **named: list[str]) -> str:
        """The `part` template of a family filled for every row of the named columns, joined for running text."""
        template = phrasings(self.code)[family].part
        rows = zip(*named.values(), strict=True)
        return self.join([template.format(**dict(zip(named, row, strict=True))) for row in rows])
