"""Kinds of stage that come from outside sources: their verifiers compare with the reference answer that came with the data.

reference_integer   {"reference": "18"}             a whole number of that value
reference_number    {"reference": "1.5"}            a decimal number of that value
reference_text      {"reference": "purple, blue"}   the same text up to letter case and runs of white space
reference_passage   {"reference": "Dear Ann, …"}    the same for a long text: an exact copy passes, no paraphrase does
checked_text        {"checks": [{"name": "punctuation:no_comma"}], "reference": "…"}   any text that obeys the rules

A family derives its answer from a problem; a reference is only as right as its source, hence the names. Short references make
fair verifiers; a `reference_passage` is gold to train on rather than a measure of a model. `stage_kind` finds both sorts by name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from musi.checks import run_checks
from musi.families import family
from musi.languages import Language
from musi.matching import AnswerKind, Verdict, clean, match_integer, match_passage, match_text
from musi.schema import Memory

MAX_TEXT_WORDS = 12  # longer references, and those of several lines, are passages
_NUMBER = re.compile(r"(-?)([0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{0,18})(?:\.([0-9]{1,12}))?")


class StageKind(Protocol):
    """What scoring needs of a kind of stage; a `Family` is one, and so is a `Reference`."""

    @property
    def name(self) -> str: ...
    @property
    def memory(self) -> Memory: ...
    @property
    def answer(self) -> AnswerKind: ...
    @property
    def closed(self) -> bool: ...
    @property
    def solve(self) -> Callable[[dict[str, Any], Language], str]: ...

    def verify(self, text: str, params: dict[str, Any], lang: Language) -> Verdict: ...


def _reference(params: dict[str, Any], lang: Language) -> str:
    return params["reference"]


@dataclass(frozen=True)
class Reference:
    """A kind of stage whose answer came with the data; `closed`, since the same problem may well occur in several sources.

    `many_answers`: other texts than the reference are right, too.
    """

    name: str
    answer: AnswerKind
    match: Callable[[str, dict[str, Any], Language], Verdict]
    memory: Memory = "instruction"
    closed: bool = True
    many_answers: bool = False
    solve: Callable[[dict[str, Any], Language], str] = _reference

    def verify(self, text: str, params: dict[str, Any], lang: Language) -> Verdict:
        """Check an answer text; pure, never raises on any text."""
        return self.match(text, params, lang)


def canonical_number(text: str) -> str | None:
    """The one spelling of a number (`1,200.50` is `1200.5`, `16.00` is `16`), or None when the text is none."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None or not (match[2] or match[3]):
        return None
    whole, decimals = match[2].replace(",", "").lstrip("0") or "0", (match[3] or "").rstrip("0")
    number = whole + ("." + decimals if decimals else "")
    return number if number == "0" else match[1] + number


def match_number(text: str, gold: str) -> Verdict:
    """The whole text is one number, whole or decimal, of the gold's value."""
    parsed = clean(text)
    number = canonical_number(parsed)
    if number is None or re.match(r"-?0[0-9]", parsed):
        return Verdict(False, "not a number alone" if parsed else "empty answer", parsed)
    if number != gold:
        return Verdict(False, "differs from the reference", parsed)
    return Verdict(True, "matches", parsed)


def _match_copy(text: str, gold: str) -> Verdict:
    whole = match_text(text, gold)
    return whole if whole.passed else match_passage(text, gold)


REFERENCES: dict[str, Reference] = {
    kind.name: kind
    for kind in (
        Reference(
            "reference_integer", "integer", lambda text, params, lang: match_integer(text, params["reference"], lang.thousands)
        ),
        Reference("reference_number", "text", lambda text, params, _: match_number(text, params["reference"])),
        Reference("reference_text", "text", lambda text, params, _: match_text(text, params["reference"])),
        Reference("reference_passage", "passage", lambda text, params, _: _match_copy(text, params["reference"])),
        Reference("checked_text", "passage", lambda text, params, _: run_checks(text, params["checks"]), many_answers=True),
    )
}


def stage_kind(name: str, where: str) -> StageKind:
    """The family or reference called `name`; raises MusiError naming `where` when this MuSI has neither."""
    return REFERENCES.get(name) or family(name, where)


def reference_kind(reference: str) -> tuple[str, str]:
    """The strictest kind that fits a reference, and the reference in the spelling that the kind compares with."""
    number = canonical_number(reference)
    if number is not None and not re.match(r"-?0[0-9]", clean(reference)):  # 007 is a name
        return ("reference_number" if "." in number else "reference_integer"), number
    if "\n" in reference or len(reference.split()) > MAX_TEXT_WORDS:
        return "reference_passage", reference
    return "reference_text", reference
