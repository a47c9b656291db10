"""The tasks that the board knows, and the gold items of each; `tests/` hold them equal to the YAML files of `tasks/`."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from musi.generate import release_name
from musi.languages import count_words
from musi.release import load_split, lock_digest
from musi.schema import Item, Split

Kind = Literal["generate", "forced"]
TASK_FILES = Path(__file__).parents[1] / "tasks"


@dataclass(frozen=True)
class TaskSpec:
    """A task of the board: `items` items of `split`, the first whose gold answer has at most `max_words` words."""

    name: str
    kind: Kind
    split: Split
    items: int
    max_words: int | None
    version: float
    title: str
    lang: str = "en"
    twice: bool = False  # the whole prompt is shown twice

    @property
    def release(self) -> str:
        """The release of the task's language."""
        return release_name(self.lang)

    @property
    def lock_sha256(self) -> str:
        """Digest of the lock of the task's release."""
        return lock_digest(self.release)


VERSION = 2.0
NAMES = {"de": "German", "es": "Spanish", "fr": "French", "zh": "Chinese"}
TASKS = {
    spec.name: spec
    for spec in (
        TaskSpec("musi_generate", "generate", "test_iid", 1_000, None, VERSION, "Full test: 1,000 items, answers generated"),
        TaskSpec("musi_quick", "generate", "test_iid", 100, 120, VERSION, "Quick test: 100 items, answers generated"),
        TaskSpec(
            "musi_ood", "generate", "test_ood", 1_000, None, VERSION, "Held-out families, styles and chain lengths: 1,000 items"
        ),
        TaskSpec("musi_twice", "generate", "test_iid", 1_000, None, VERSION, "Full test, the prompt shown twice", twice=True),
        *(
            TaskSpec(f"musi_{lang}", "generate", "test_iid", 1_000, None, VERSION, f"Full test in {name}", lang)
            for lang, name in NAMES.items()
        ),
        TaskSpec("musi_forced", "forced", "test_iid", 1_000, None, VERSION, "Teacher-forced: 1,000 items, gold answers fed in"),
    )
}


@functools.cache
def gold(spec: TaskSpec) -> tuple[Item, ...]:
    """A task's items in the order of the release."""
    items = load_split(spec.split, lang=spec.lang)
    short = [item for item in items if spec.max_words is None or count_words(item.answer) <= spec.max_words]
    return tuple(short[: spec.items])
