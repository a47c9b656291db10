"""What the board keeps of a checked entry: figures, counts an item, signals, and its pages of items; scored once, then read back.

A record lies in the user's cache under the digest of the entry's bytes and of our own code, so that it can never be older than
either. It is made here and nowhere else: nothing in an entry's folder is taken for a record.
"""

import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

import musi
from leaderboards.check import Checked, TaskResult, Tier, check, entry_digest
from leaderboards.pages import items_page
from leaderboards.signals import Signal, signals
from leaderboards.specs import TASKS, TaskSpec
from leaderboards.submission import Submission
from musi.errors import MusiError
from musi.release import cache_dir
from musi.retention import Estimate, HalfLife, Outcomes, curve, half_life, retention
from musi.schema import Memory

MEMORIES: tuple[str, ...] = get_args(Memory)
RECORD = "record.json"


@dataclass(frozen=True)
class Tally:
    """Stages of one family: how many, how many right alone, how many of these right in the chain."""

    stages: int
    alone: int
    both: int


@dataclass(frozen=True)
class TaskRecord:
    """One task of an entry. `kept` and `alone` count an item's stages right in both and right alone; `wrong` holds the
    fingerprints of whole responses that are not all right, "" elsewhere: (I,) in the order of the release."""

    estimates: dict[str, Estimate]
    frame: tuple[str, str]
    curve: list[tuple[int, int, Estimate]]
    half_life: HalfLife
    memory: dict[str, Estimate]
    families: dict[str, Tally]
    kept: list[int] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EntryRecord:
    """One entry: its card, the digest of its bytes, the tier its samples give it, its tasks and signals."""

    id: str
    digest: str
    tier: Tier
    submission: Submission
    tasks: dict[str, TaskRecord]
    signals: list[Signal]

    @property
    def name(self) -> str:
        return self.submission.name

    def specs(self) -> list[TaskSpec]:
        """Its tasks in the order of the board."""
        return [spec for spec in TASKS.values() if spec.name in self.tasks]


_ADAPTER = TypeAdapter(EntryRecord)


def record_of(folder: Path) -> tuple[EntryRecord, Path]:
    """The record of an entry and the folder of its item pages, from the cache or by checking it now.

    Raises MusiError as `check` does; that the files are those that were scored is verified every time.
    """
    return _kept(folder) or _made(folder)


def records_of(folders: Sequence[Path]) -> Iterator[tuple[EntryRecord, Path]]:
    """`record_of` each, in order; those that are not in the cache are checked side by side, a process a core."""
    kept = {folder: _kept(folder) for folder in folders}
    missing = [folder for folder, found in kept.items() if found is None]
    workers = min(len(missing), os.cpu_count() or 1)
    if workers < 2:
        yield from (found or _made(folder) for folder, found in kept.items())
        return
    with ProcessPoolExecutor(workers) as pool:
        made = pool.map(_made, missing)
        try:
            yield from (found or next(made) for found in kept.values())
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _kept(folder: Path) -> tuple[EntryRecord, Path] | None:
    place = place_of(entry_digest(folder))
    with suppress(OSError, ValidationError):
        found = _ADAPTER.validate_json((place / RECORD).read_bytes())
        if found.id == folder.name:
            return found, place
    return None


def _made(folder: Path) -> tuple[EntryRecord, Path]:
    checked = check(folder)
    place = place_of(checked.digest)
    return make_record(checked, place), place


def place_of(digest: str) -> Path:
    """Where the record of an entry with this digest lies, under our code as it is now."""
    return cache_dir() / "board" / f"{digest[:32]}-{code_digest()[:16]}"


def make_record(checked: Checked, place: Path) -> EntryRecord:
    """Write the record and the item pages of a checked entry into the folder `place`."""
    tasks = {name: _task_record(result) for name, result in checked.tasks.items()}
    made = EntryRecord(checked.folder.name, checked.digest, checked.tier, checked.submission, tasks, signals(checked))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=place.parent))
        try:
            for name, result in checked.tasks.items():
                if result.spec.kind == "generate":
                    (partial / f"{name}.html").write_text(
                        items_page(checked.folder.name, checked.submission.name, result), "utf-8"
                    )
            (partial / RECORD).write_bytes(_ADAPTER.dump_json(made))
            shutil.rmtree(place, ignore_errors=True)
            partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise MusiError(f"{place}: {error.strerror}; point MUSI_CACHE to a writable folder") from None
    return made


def _task_record(result: TaskResult) -> TaskRecord:
    metric = "retention" if result.spec.kind == "generate" else "forced_retention"
    pairs = [answer.values[metric] for answer in result.answers]
    stages = [stage for answer in result.answers for stage in answer.item.stages]
    outcomes = Outcomes.of(
        [
            [(float(stage.distance), multi, single) for stage, (multi, single) in zip(answer.item.stages, row, strict=True)]
            for answer, row in zip(result.answers, pairs, strict=True)
        ]
    )
    kinds = {kind: np.array([kind in stage.memory for stage in stages]) for kind in MEMORIES}
    families: dict[str, Tally] = {}
    for name in sorted({stage.family for stage in stages}):
        of_family = np.array([stage.family == name for stage in stages])
        alone = outcomes.single & of_family
        families[name] = Tally(int(of_family.sum()), int(alone.sum()), int((alone & outcomes.multi).sum()))
    return TaskRecord(
        estimates=result.estimates,
        frame=result.frame,
        curve=curve(outcomes),
        half_life=half_life(outcomes),
        memory={kind: retention(outcomes.where(keep)) for kind, keep in kinds.items()},
        families=families,
        kept=[sum(multi and single for multi, single in row) for row in pairs],
        alone=[sum(single for _, single in row) for row in pairs],
        wrong=wrong_of(result) if result.spec.kind == "generate" else [],
    )


def wrong_of(result: TaskResult) -> list[str]:
    """Fingerprints of the whole responses of a generate task that are not all right, "" elsewhere, (I,)."""
    return ["" if answer.values["item_acc"][0] else answer.fingerprint for answer in result.answers]


@functools.cache
def code_digest() -> str:
    """Digest of all code and templates that a record depends on."""
    packages = [Path(musi.__file__).parent, Path(__file__).parent]
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted(package.rglob("*")):
            if path.suffix in (".py", ".html", ".css", ".js", ".svg", ".toml", ".json") and "entries" not in path.parts:
                digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
