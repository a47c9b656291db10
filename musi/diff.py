"""What a release adds, edits and removes against an earlier one, by family, and the version number that it must therefore bear.

Rows are matched by split and index. The rule is that of Croissant 1.1, "Dataset Versioning": PATCH when the data are the same,
MINOR when every old row is still there unchanged, MAJOR when an old row was edited, removed or moved to another place.
https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from musi.errors import MusiError
from musi.release import manifest_of
from musi.schema import SPLITS, Item, Manifest, Split, read_items

Change = Literal["added", "edited", "removed"]
PARTS = ("MAJOR", "MINOR", "PATCH")
_VERSION = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})(-[a-z]{2,8})?")
NAMES = {"id", "release"}  # a row's own name differs between releases; all else is its content


@dataclass
class Diff:
    """Items by what happened to them, and the stages of each family among those."""

    old: str
    new: str
    added: list[str] = field(default_factory=list)
    edited: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # id, fields
    removed: list[str] = field(default_factory=list)
    families: dict[str, dict[Change, int]] = field(default_factory=dict)

    @property
    def needed(self) -> int:
        """The part of the version number that must grow: 0 MAJOR, 1 MINOR, 2 PATCH."""
        if self.edited or self.removed:
            return 0
        return 1 if self.added else 2

    def count(self, change: Change, item: Item) -> None:
        """Count an item's stages under their families."""
        for stage in item.stages:
            row = self.families.setdefault(stage.family, {"added": 0, "edited": 0, "removed": 0})
            row[change] += 1

    def as_dict(self) -> dict[str, Any]:
        """The difference as plain data."""
        return {
            "old": self.old,
            "new": self.new,
            "needs": PARTS[self.needed],
            "added": self.added,
            "edited": [{"id": item_id, "fields": list(fields)} for item_id, fields in self.edited],
            "removed": self.removed,
            "families": dict(sorted(self.families.items())),
        }


def diff(old: Path, new: Path) -> Diff:
    """Compare two built directories row by row; both stream through.

    Raises MusiError when one is missing or broken, when a file's rows are not in the order of their index, or when the two are in
    different languages.
    """
    before, after = manifest_of(old), manifest_of(new)
    if before.lang != after.lang:
        raise MusiError(f"{new}: is in {after.lang!r} and {old} in {before.lang!r}; compare releases of one language")
    found = Diff(before.release, after.release)
    for split in SPLITS:
        for left, right in _pairs(_rows(old, before, split), _rows(new, after, split)):
            if left is None and right is not None:
                found.added.append(right.id)
                found.count("added", right)
            elif right is None and left is not None:
                found.removed.append(left.id)
                found.count("removed", left)
            elif left is not None and right is not None and (fields := _changed(left, right)):
                found.edited.append((right.id, fields))
                found.count("edited", right)
    return found


def _rows(directory: Path, manifest: Manifest, split: Split) -> Iterator[Item]:
    """The items of a split in order of index; none when the release has no such split."""
    name, last = f"{split}.jsonl", -1
    if name not in manifest.files:
        return
    for item in read_items(directory / name):
        if item.index <= last:
            raise MusiError(f"{directory / name}: item {item.id} is out of order; rebuild it with `musi dataset build --force`")
        last = item.index
        yield item


def _pairs(old: Iterator[Item], new: Iterator[Item]) -> Iterator[tuple[Item | None, Item | None]]:
    """Merge two streams by index."""
    left, right = next(old, None), next(new, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.index < right.index):
            yield left, None
            left = next(old, None)
        elif left is None or right.index < left.index:
            yield None, right
            right = next(new, None)
        else:
            yield left, right
            left, right = next(old, None), next(new, None)


def _changed(left: Item, right: Item) -> tuple[str, ...]:
    return tuple(name for name in Item.model_fields if name not in NAMES and getattr(left, name) != getattr(right, name))


def check_version(found: Diff) -> None:
    """Check that the new release's number grows in the part that its changes call for, or in a greater one.

    Raises MusiError naming the first item that an allowed change would have left alone, or the number when it does not grow.
    """
    old, new = _version(found.old), _version(found.new)
    grown = next((part for part in range(3) if new[part] != old[part]), None)
    if grown is None:
        if found.edited or found.removed or found.added:
            raise MusiError(f"release {found.new}: {_first(found)}, but the number is the same; give it a new one")
        return
    if new[grown] < old[grown] or any(new[grown + 1 :]):
        raise MusiError(
            f"release {found.new}: does not follow {found.old}; call it {_following(old, found.needed)}, which its changes need"
        )
    if grown > found.needed:
        wanted = _following(old, found.needed)
        raise MusiError(f"release {found.new}: {_first(found)}, which a {PARTS[grown]} release may not do; call it {wanted}")


def _first(found: Diff) -> str:
    if found.removed:
        return f"item {found.removed[0]} of {found.old} is gone"
    if found.edited:
        item_id, fields = found.edited[0]
        return f"item {item_id} differs from {found.old} in its {', '.join(fields)}"
    return f"item {found.added[0]} is new"


def _version(release: str) -> tuple[int, int, int]:
    match = _VERSION.fullmatch(release)
    if match is None:
        raise MusiError(f"release {release!r}: no MAJOR.MINOR.PATCH number; only releases of MuSI have an order")
    return int(match[1]), int(match[2]), int(match[3])


def _following(old: tuple[int, int, int], part: int) -> str:
    return ".".join(str(n) for n in (*old[:part], old[part] + 1, *(0 for _ in old[part + 1 :])))


def print_diff(found: Diff, console: Console) -> None:
    """Print the counts as a table, with the first items of each kind."""
    console.print(f"{found.old} → {found.new}: needs {PARTS[found.needed]}", highlight=False)
    edited = [f"{item_id} ({', '.join(fields)})" for item_id, fields in found.edited]
    for name, ids in (("added", found.added), ("edited", edited), ("removed", found.removed)):
        if ids:
            more = f" and {len(ids) - 3:,} more" if len(ids) > 3 else ""
            console.print(f"{name} {len(ids):,}: {', '.join(ids[:3])}{more}", highlight=False)
    table = Table("family", "stages added", "edited", "removed")
    for family, row in sorted(found.families.items()):
        table.add_row(family, *(f"{row[change]:,}" for change in ("added", "edited", "removed")))
    if found.families:
        console.print(table)
