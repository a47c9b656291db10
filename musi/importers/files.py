"""Rows of a file or folder: JSON, JSON lines, Parquet, or a dataset that `datasets` saved to disk.

Files come from anywhere: nothing in them is executed, sizes are capped, and a row that cannot be read is yielded with its fault.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from musi.errors import MusiError
from musi.importers.records import Row

MAX_ROW_BYTES = 4_000_000
MAX_JSON_BYTES = 512_000_000
MAX_ROWS = 5_000_000
BATCH = 256


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a source with their places.

    Raises MusiError when it is missing, of no known kind, or broken as a whole.
    """
    if not path.exists():
        raise MusiError(f"{path}: no such file or folder; give JSON, JSON lines, Parquet, or a folder that `datasets` saved")
    for number, row in enumerate(_reader(path)):
        if number >= MAX_ROWS:
            raise MusiError(f"{path}: more than {MAX_ROWS:,} rows; split it and import the parts")
        yield row


def _reader(path: Path) -> Iterator[Row]:
    if path.is_dir():
        return _saved(path)
    if path.suffix in (".jsonl", ".ndjson"):
        return _lines(path)
    if path.suffix == ".json":
        return _array(path) if _first_byte(path) == b"[" else _lines(path)
    if path.suffix == ".parquet":
        return _parquet(path)
    raise MusiError(
        f"{path}: unknown kind of file {path.suffix!r}; give .json, .jsonl, .parquet or a folder that `datasets` saved"
    )


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


def _row(where: str, value: Any) -> Row:
    return Row(where, value) if isinstance(value, dict) else Row(where, {}, "not an object of keys and values")


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_ROW_BYTES), b""), start=1):
            where = f"{path}, line {number}"
            if len(line) == MAX_ROW_BYTES and not line.endswith(b"\n"):
                while (rest := file.readline(MAX_ROW_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield Row(where, {}, f"line over the limit of {MAX_ROW_BYTES:,} bytes")
                continue
            if not line.strip():
                continue
            try:
                yield _row(where, json.loads(line))
            except (ValueError, RecursionError):
                yield Row(where, {}, "not valid JSON")


def _array(path: Path) -> Iterator[Row]:
    size = path.stat().st_size
    if size > MAX_JSON_BYTES:
        raise MusiError(f"{path}: {size:,} bytes, over the limit of {MAX_JSON_BYTES:,} for one JSON array; save it as JSON lines")
    try:
        rows = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise MusiError(f"{path}: not valid JSON ({str(error)[:80]}); save it again, or as JSON lines") from None
    for number, value in enumerate(rows, start=1):
        yield _row(f"{path}, row {number}", value)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(BATCH):
            for value in batch.to_pylist():
                number += 1
                yield _row(f"{path}, row {number}", value)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise MusiError(f"{path}: broken Parquet after row {number} ({str(error)[:80]}); save it again") from None


def _saved(path: Path) -> Iterator[Row]:
    import datasets

    try:
        saved = datasets.load_from_disk(str(path))
    except Exception as error:  # whatever a broken or foreign folder makes the reader raise
        raise MusiError(f"{path}: no dataset that `datasets` saved ({str(error)[:80]}); use its save_to_disk") from None
    splits = saved if isinstance(saved, dict) else {"": saved}
    for split, rows in splits.items():
        for number, value in enumerate(rows, start=1):
            yield _row(f"{path}, {split + ', ' if split else ''}row {number}", value)
