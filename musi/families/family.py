"""What a kind of stage is made of: a generator of problems, a solver that gives the gold answer, and its phrasings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from musi.languages import Language
from musi.matching import MATCHERS, AnswerKind, Verdict
from musi.rng import Stream
from musi.schema import Memory

Params = dict[str, Any]
Slots = dict[str, str]


@dataclass(frozen=True)
class Family:
    """One kind of stage.

    `generate` draws the canonical problem (JSON-able, surface-free); `solve` derives the gold answer from it alone;
    `slots` fills the templates of `paraphrases` (the instruction) and `contexts` (what the item's context must tell, if any).
    `capacity` counts the distinct problems. `closed` families draw from a fixed fact table, so that the same problem may
    occur in several splits; the problems of all others belong to one split each. `filler` families have long answers, which
    push later stages away from the prompt.
    """

    name: str
    group: str
    memory: Memory
    answer: AnswerKind
    capacity: int
    generate: Callable[[Stream, Language], Params]
    solve: Callable[[Params], str]
    slots: Callable[[Params, Language], Slots]
    paraphrases: Mapping[str, tuple[str, ...]]
    contexts: Mapping[str, tuple[str, ...]] | None = None
    closed: bool = False
    filler: bool = False

    def verify(self, text: str, params: Params) -> Verdict:
        """Check an answer text against the answer derived from `params`; pure, never raises on any text."""
        return MATCHERS[self.answer](text, self.solve(params))
