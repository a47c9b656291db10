"""`musi dataset import`: single-instruction data of any source become a dataset of multi-stage items, with a report of every row.

OUT/train.jsonl          the items, in the row format of a release
OUT/manifest.json        digests, kinds of stages, licence; no canary, for it is not benchmark data
OUT/import_report.json   what was read, each skipped row with its reason, overlaps with our test splits
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musi.build import MANIFEST, item_line, refuse_other_folders
from musi.errors import MusiError
from musi.importers.decontaminate import Overlap, grams_of_tests, overlaps
from musi.importers.files import read_rows
from musi.importers.items import STYLES, compose
from musi.importers.records import Record, ShapeError, Skipped
from musi.importers.shapes import records_of
from musi.release import file_digest, load_split
from musi.schema import Manifest, Split, canonical_json

REPORT = "import_report.json"
SPLIT: Split = "train"
LANG = "en"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.]{0,60}")


@dataclass
class ImportReport:
    """What became of the rows of the sources."""

    rows: int = 0
    items: int = 0
    stages: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "rows": self.rows,
            "items": self.items,
            "stages": self.stages,
            "shapes": dict(self.shapes),
            "families": dict(self.families),
            "skipped": [each._asdict() for each in self.skipped],
            "overlaps": [each._asdict() for each in self.overlaps],
        }

    def summary(self) -> str:
        """The outcome in one line."""
        shapes = ", ".join(f"{count:,} {name}" for name, count in sorted(self.shapes.items())) or "none of a known shape"
        return (
            f"{self.rows:,} rows ({shapes}): {self.items:,} items of {self.stages:,} stages; {len(self.skipped):,} skipped;"
            f" {len(self.overlaps):,} overlap with a test split"
        )


def read_records(sources: Sequence[Path], report: ImportReport) -> list[Record]:
    """All records of the sources; rows that cannot be read go to the report.

    Raises MusiError when a source is missing or broken as a whole.
    """
    records: list[Record] = []
    for source in sources:
        for row in read_rows(source):
            report.rows += 1
            try:
                shape, found = records_of(row)
            except ShapeError as error:
                report.skipped.append(Skipped(row.where, str(error)))
                continue
            report.shapes[shape] += 1
            records += found
    return records


def import_data(
    sources: Sequence[Path],
    out: Path,
    name: str,
    licence: str = "unknown",
    force: bool = False,
) -> ImportReport:
    """Compose the records of `sources` into a dataset called `name` in the folder `out`.

    The same sources and name give the same bytes. Raises MusiError when a source is missing, the name is not usable, `out`
    exists (unless `force`) or cannot be written, or nothing is left to compose.
    """
    if not _NAME.fullmatch(name):
        raise MusiError(f"--name {name!r}: use small letters, digits, `_` and `.` only, such as my_data")
    if out.exists() and not force:
        raise MusiError(f"{out}: already exists; choose another folder or import again with --force")
    refuse_other_folders(out)
    report = ImportReport()
    records = read_records(sources, report)
    out = out.absolute()
    partial = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        used = _write(partial / f"{SPLIT}.jsonl", records, name, report)
        if not report.items:
            first = f" (first: {report.skipped[0].where}: {report.skipped[0].reason})" if report.skipped else ""
            raise MusiError(f"{', '.join(map(str, sources))}: no row can be a stage{first}; add references or ask a teacher")
        report.overlaps = overlaps(used, grams_of_tests([*load_split("test_iid"), *load_split("test_ood")]))
        manifest = Manifest(
            release=name,
            lang=LANG,
            licence=licence,
            canary="",
            families=tuple(sorted(report.families)),
            constraints=(),
            styles=STYLES,
            files={f"{SPLIT}.jsonl": file_digest(partial / f"{SPLIT}.jsonl")},
        )
        (partial / MANIFEST).write_text(canonical_json(manifest.model_dump(mode="json")) + "\n", "utf-8")
        (partial / REPORT).write_text(json.dumps(report.as_dict(), ensure_ascii=False, indent=2) + "\n", "utf-8")
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    except OSError as error:
        raise MusiError(f"{out}: {error.strerror or error}; nothing was kept, free the space or choose another folder") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return report


def _write(path: Path, records: Sequence[Record], name: str, report: ImportReport) -> list[Record]:
    """Write the items and count them; returns the records they are made of."""
    used: list[Record] = []
    with path.open("wb") as file:
        for item, sources in compose(records, name, SPLIT, LANG, report.skipped):
            file.write(item_line(item))
            report.items += 1
            report.stages += len(item.stages)
            report.families.update(stage.family for stage in item.stages)
            used += sources
    return used
