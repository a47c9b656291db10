"""Derived forms of a built directory, in the layout that `datasets.load_dataset(DIR)` and `mlcroissant` read.

OUT/README.md                                 dataset card; its YAML header names the splits
OUT/croissant.json                            Croissant 1.1 JSON-LD
OUT/manifest.json                             as built: the digests of the canonical JSONL
OUT/data/test_iid-00000-of-00001.parquet …    the same rows

The JSONL of a release is what its lock pins. Parquet bytes depend on the version of pyarrow that wrote them, so they are checked
against the JSONL when they are made and carry their own digests in `croissant.json`.
"""

import shutil
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from musi.build import MANIFEST, refuse_other_folders
from musi.card import dataset_card, splits_of
from musi.croissant import croissant
from musi.errors import MusiError
from musi.release import file_digest, manifest_of, refuse_changed_files
from musi.schema import FileEntry, Manifest, canonical_json, read_items

ROWS_PER_GROUP = 1_000


def parquet_schema(manifest: Manifest) -> Any:
    """The arrow schema of a row; the file's metadata repeat the canary and the release."""
    import pyarrow as pa

    text = pa.string()
    constraint = pa.struct({"name": text, "text": text, "params": text})
    stage = pa.struct(
        {"family": text, "instruction": text, "answer": text, "params": text, "memory": pa.list_(text), "distance": pa.int64()}
    )
    columns = {
        "id": text,
        "release": text,
        "split": text,
        "index": pa.int64(),
        "lang": text,
        "style": text,
        "context": text,
        "constraints": pa.list_(constraint),
        "stages": pa.list_(stage),
        "prompt": text,
        "answer": text,
        "canary": text,
    }
    return pa.schema(columns).with_metadata({"musi_canary": manifest.canary, "musi_release": manifest.release})


def parquet_name(split: str) -> str:
    """Path of a split's Parquet file below the layout's folder."""
    return f"data/{split}-00000-of-00001.parquet"


def export(directory: Path, out: Path, force: bool = False, published: date | None = None) -> Manifest:
    """Write the layout of a built directory to `out` and return its manifest; rows stream through, memory stays flat.

    `published` (today if None) is the date in the Croissant metadata. Raises MusiError when a file differs from the manifest,
    when `out` exists (unless `force`) or cannot be written; nothing half-written is left at `out`.
    """
    manifest = manifest_of(directory)
    if out.resolve() in (directory.resolve(), *directory.resolve().parents):
        raise MusiError(f"{out}: holds the dataset itself; choose another folder")
    if out.exists() and not force:
        raise MusiError(f"{out}: already exists; choose another folder or write it again with --force")
    refuse_other_folders(out)
    refuse_changed_files(directory, manifest)
    out = out.absolute()
    partial = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "data").mkdir(parents=True)
        parquet = {split: _write_parquet(directory / f"{split}.jsonl", partial, manifest) for split in splits_of(manifest)}
        metadata = croissant(manifest, parquet, published or date.today())
        (partial / "croissant.json").write_text(metadata, "utf-8")
        (partial / "README.md").write_text(dataset_card(manifest), "utf-8")
        (partial / MANIFEST).write_text(canonical_json(manifest.model_dump(mode="json")) + "\n", "utf-8")
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise MusiError(f"{out}: {error.strerror or error}; nothing was kept, free the space or choose another folder") from None
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def _write_parquet(source: Path, out: Path, manifest: Manifest) -> tuple[str, FileEntry]:
    """Write one split; returns its path below `out` and the file's digest, size and number of rows."""
    import pyarrow as pa
    from pyarrow import parquet

    name = parquet_name(source.stem)
    schema = parquet_schema(manifest)
    rows = 0
    with parquet.ParquetWriter(out / name, schema, compression="zstd") as writer:
        for batch in _batches(source):
            writer.write_table(pa.Table.from_pylist(batch, schema))
            rows += len(batch)
    return name, file_digest(out / name).model_copy(update={"items": rows})


def _batches(source: Path) -> Iterator[list[dict[str, Any]]]:
    items = read_items(source)
    while batch := [item.model_dump(mode="json") for item in islice(items, ROWS_PER_GROUP)]:
        yield batch
