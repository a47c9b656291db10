"""What a rule over all answers is made of: its effect on a gold answer, its check and how to look past it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from musi.languages import Language
from musi.matching import MATCHERS, AnswerKind, Verdict
from musi.rng import Stream

Params = dict[str, Any]
Answers = Sequence[str]
Slot = Literal["separator", "numbers", "names", "front", "end", "case", "wrap", "limit"]


@dataclass(frozen=True, eq=False)
class ConstraintKind:
    """One kind of rule; how it is stated stands in `musi.phrasing` (`says`).

    `generate` draws its parameters, given the item's gold answers as they are under the rules of lower rank, or None when
    the rule does not suit them. `apply` turns a plain answer into one that obeys; `check` says whether a text obeys; `strip`
    takes the rule's mark off, as far as it is there, so that the family's verifier judges the answer alone. `rank` orders
    several rules: they are applied from the lowest to the highest and stripped the other way. A rule concerns only some
    `kinds` of answers, and contradicts those it `excludes`, such as, when it adds words, `open` ones, whose words a task may
    count; two rules of one `slot` would get into each other's way: neither is ever composed. A `limit` leaves gold answers as
    they are and only forbids: it binds answers of kind `open`.
    """

    name: str
    rank: int
    slot: Slot
    kinds: frozenset[AnswerKind]
    generate: Callable[[Stream, Language, Answers], Params | None]
    apply: Callable[[str, Params, Language], str]
    check: Callable[[str, Params, Language], Verdict]
    strip: Callable[[str, Params, Language], str]
    excludes: frozenset[AnswerKind] = frozenset()

    def says(self, lang: Language) -> tuple[str, ...]:
        """Templates of the rule; empty when the language does not offer it."""
        phrasing = lang.phrasing(self.name)
        return phrasing.says if phrasing else ()


ALL_KINDS: frozenset[AnswerKind] = frozenset({*MATCHERS, "open"})
INLINE: frozenset[AnswerKind] = ALL_KINDS - {"block", "json"}
MULTILINE: frozenset[AnswerKind] = ALL_KINDS - INLINE
MAX_LISTED = 24  # items of an item's lists, where a rule adds a word to each: distances are counted in words


def obeyed(passed: bool, rule: str) -> Verdict:
    """Verdict on a rule, with `rule` saying what it asks."""
    return Verdict(passed, "obeyed" if passed else f"does not obey: {rule}", "")


def words_of(name: str, lang: Language) -> tuple[str, ...]:
    """The words that a constraint goes by in a language."""
    phrasing = lang.phrasing(name)
    return phrasing.words if phrasing else ()


def after(text: str, mark: str) -> str | None:
    """What follows `mark` at the start of a text, letter case aside; None when the text does not start so."""
    for size in (len(mark), len(mark.upper())):  # ß is SS in capitals
        if text[:size].casefold() == mark.casefold():
            return text[size:].lstrip()
    return None


def before(text: str, mark: str) -> str | None:
    """What precedes `mark` at the end of a text, letter case aside; None when the text does not end so."""
    for size in (len(mark), len(mark.upper())):
        if text[-size:].casefold() == mark.casefold():
            return text[:-size].rstrip()
    return None
