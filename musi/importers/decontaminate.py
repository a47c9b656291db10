"""Which records of a source repeat text of our own test splits: the share of their 13-grams that occur in a test item.

Thirteen words in a row are the usual measure (Brown et al. 2020, arXiv 2005.14165, appendix C). Words are compared without case
and punctuation. The frame of a prompt ("Give the 2 answers…") is left out on both sides, since every item shares it; a text of
fewer than 13 words counts as one gram, so that a whole short task is found, too.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from musi.importers.records import Record
from musi.schema import Item

N = 13
_WORD = re.compile(r"\w+")


class Overlap(NamedTuple):
    """A record, the test item that most of its 13-grams are from, and the share of them (0 to 1) that occur in any test item."""

    where: str
    item: str
    containment: float


def grams(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of 13 words, or the whole of a shorter text."""
    words = _WORD.findall(text.casefold())
    if not words:
        return
    for at in range(max(1, len(words) - N + 1)):
        yield tuple(words[at : at + N])


def grams_of_tests(items: Iterable[Item]) -> dict[tuple[str, ...], str]:
    """The grams of test items and the item each occurs in first: of the context, of every instruction, and of all in a row."""
    found: dict[tuple[str, ...], str] = {}
    for item in items:
        instructions = [stage.instruction for stage in item.stages]
        answers = [stage.answer for stage in item.stages if len(_WORD.findall(stage.answer)) >= N]
        for text in (item.context, *instructions, *answers, " ".join([item.context, *instructions])):
            for gram in grams(text):
                found.setdefault(gram, item.id)
    return found


def overlaps(records: Iterable[Record], tests: dict[tuple[str, ...], str]) -> list[Overlap]:
    """Records that share a gram with `tests`, the most contained first."""
    found = []
    for record in records:
        texts = [record.context, *(task.instruction for task in record.tasks)]
        texts += [task.reference for task in record.tasks if task.reference and len(_WORD.findall(task.reference)) >= N]
        own = {gram for text in texts for gram in grams(text)}
        hits = [tests[gram] for gram in sorted(own) if gram in tests]
        if hits:
            found.append(Overlap(record.where, max(hits, key=hits.count), round(len(hits) / len(own), 4)))
    return sorted(found, key=lambda each: (-each.containment, each.where))
