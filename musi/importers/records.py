"""What is read from an outside source before items are made of it: records of one task each, or of a chain of tasks."""

import unicodedata
from dataclasses import dataclass
from typing import Any, NamedTuple

from musi.matching import MAX_ANSWER_CHARS

MAX_TEXT_CHARS = MAX_ANSWER_CHARS


class Row(NamedTuple):
    """One row as it was read: where (file and line), and its keys and values, or what is wrong with it."""

    where: str
    values: dict[str, Any]
    fault: str = ""


class Skipped(NamedTuple):
    """A row that no item is made of, and why."""

    where: str
    reason: str


@dataclass(frozen=True)
class Task:
    """One instruction of a record; its reference answer, if the source has one; and the rules its answer must obey, if any."""

    instruction: str
    reference: str | None
    checks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Record:
    """One row of a source: a single task, or a chain whose tasks depend on each other and on the context."""

    where: str
    tasks: tuple[Task, ...]
    context: str = ""

    @property
    def chars(self) -> int:
        """Characters of all its texts, a bound on what it adds to an item."""
        return len(self.context) + sum(len(task.instruction) + len(task.reference or "") for task in self.tasks)


class ShapeError(Exception):
    """A row that cannot be read; the message is the reason that the report gives."""


def text_of(row: dict[str, Any], key: str, optional: bool = False) -> str:
    """The text under `key`: NFC, `\\n` line ends, no surrounding space.

    Raises ShapeError when it is missing (unless `optional`), no text, too long, or holds characters that are none.
    """
    value = row.get(key)
    if value is None and optional:
        return ""
    if not isinstance(value, str):
        raise ShapeError(f"{key} is missing" if value is None else f"{key} is no text")
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text and not optional:
        raise ShapeError(f"{key} is empty")
    if len(text) > MAX_TEXT_CHARS:
        raise ShapeError(f"{key} has {len(text):,} characters, over the limit of {MAX_TEXT_CHARS:,}")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise ShapeError(f"{key} holds control characters or broken surrogates")
    return text
