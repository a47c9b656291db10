"""What a kind of stage is made of: a generator of problems, a solver that gives the gold answer, and what fills its phrasings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from musi.languages import Language
from musi.matching import MATCHERS, AnswerKind, Verdict
from musi.rng import Stream
from musi.schema import Memory

Params = dict[str, Any]
Slots = dict[str, str]
Group = Literal[
    "text editing",
    "lists and sorting",
    "counting and arithmetic",
    "units, dates and calendars",
    "facts",
    "recall of context",
    "formats",
    "short composition",
    "word games",
    "code-like rewriting",
]


@dataclass(frozen=True, eq=False)
class Family:
    """One kind of stage.

    `generate` draws the canonical problem (JSON-able, surface-free); `solve` derives the gold answer from it alone; `slots` fills
    the phrasings (see `musi.phrasing`): `asks`, the instruction, and `tells`, what the item's context must tell, if any.
    `capacity` counts the distinct problems. `closed` families draw from a fixed fact table, so that the same problem may
    occur in several splits; the problems of all others belong to one split each. `stretch` draws a problem whose answer has
    about so many words: such families push later stages away from the prompt. Families whose answer is `open` have many right
    answers, of which `solve` gives one: `check` judges them, and `wrong` gives answers that must fail.
    """

    name: str
    group: Group
    memory: Memory
    answer: AnswerKind
    capacity: int
    generate: Callable[[Stream, Language], Params]
    solve: Callable[[Params, Language], str]
    slots: Callable[[Params, Language], Slots]
    stretch: Callable[[Stream, Language, int], Params] | None = None
    check: Callable[[str, Params, Language], Verdict] | None = None
    wrong: Callable[[Params, Language], Iterator[str]] | None = None
    closed: bool = False

    def asks(self, lang: Language) -> tuple[str, ...]:
        """Templates of the instruction; empty when the language does not offer the family."""
        phrasing = lang.phrasing(self.name)
        return phrasing.asks if phrasing else ()

    def tells(self, lang: Language) -> tuple[str, ...]:
        """Templates of what the context must tell; empty when the stage needs no context."""
        phrasing = lang.phrasing(self.name)
        return phrasing.tells if phrasing else ()

    def verify(self, text: str, params: Params, lang: Language) -> Verdict:
        """Check an answer text against the answer derived from `params`; pure, never raises on any text."""
        if self.check is not None:
            return self.check(text, params, lang)
        return MATCHERS[self.answer](text, self.solve(params, lang), lang.thousands)
