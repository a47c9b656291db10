"""Build the files of a release: shards of items by several processes, then one JSONL file a split and the manifest.

OUT.partial/shards-…/train-0003  500 items, written under another name first; kept so that a killed build resumes
OUT.partial/train.jsonl          the shards of a split in order, items that repeat an earlier one drawn again
OUT/                             the same directory, renamed when all files are complete
"""

import hashlib
import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Literal

from musi.compose import STYLES
from musi.constraints import offered
from musi.errors import MusiError
from musi.families import FAMILIES
from musi.generate import LICENCE, RELEASE, SIZES, build_item, check_capacity, item_key, release_name
from musi.languages import LANGUAGES
from musi.schema import CANARY, SPLITS, FileEntry, Item, Manifest, Split, canonical_json

SHARD_ITEMS = 500
UNIT = sum(SIZES.values()) // 1_000  # the smallest build: 19 + 1 + 1 + 1 items
MANIFEST = "manifest.json"
MAX_ATTEMPTS = 1_000

Progress = Callable[[int], None]
Engine = Literal["local", "ray"]
Job = tuple[Path, Split, range, str]


def item_line(item: Item) -> bytes:
    """The item's canonical bytes, with the line end."""
    return (canonical_json(item.model_dump(mode="json")) + "\n").encode()


def split_sizes(items: int, lang: str = "en") -> dict[Split, int]:
    """Items of each split in a build of `items`, in the proportions of the release.

    Raises MusiError when they do not divide evenly or a split's families cannot give so many.
    """
    if items < UNIT or items % UNIT:
        raise MusiError(
            f"--items {items}: must be a multiple of {UNIT} (19 + 1 + 1 + 1 a unit); try {max(1, items // UNIT) * UNIT}"
        )
    sizes: dict[Split, int] = {split: SIZES[split] // 1_000 * (items // UNIT) for split in SPLITS}
    for split, count in sizes.items():
        check_capacity(split, count, lang)
    return sizes


def refuse_other_folders(out: Path) -> None:
    """Raise MusiError where `out` is there and no dataset: whoever says --force does not mean to lose anything else."""
    if not out.exists() or (out / MANIFEST).is_file():
        return
    if not out.is_dir() or any(path.suffix not in (".json", ".jsonl") for path in out.iterdir()):
        raise MusiError(f"{out}: is there and is no dataset (no {MANIFEST}); it is not replaced, choose another folder")


def build(
    out: Path,
    items: int,
    workers: int,
    force: bool = False,
    progress: Progress = lambda done: None,
    engine: Engine = "local",
    lang: str = "en",
) -> Manifest:
    """Build `items` items into the directory `out` and return its manifest; its bytes depend on neither `workers` nor `engine`.

    A build that was killed goes on where it stopped. Raises MusiError when `out` exists (unless `force`), when the disk is
    full or not writable, or when `items` cannot be built. `progress` is called with the number of items done since last time.
    With engine "ray", shards are made on a Ray cluster (see `musi.cluster`), as many at a time as it has cores.
    """
    if lang not in LANGUAGES:
        raise MusiError(f"--lang {lang}: no such language; this MuSI knows {', '.join(LANGUAGES)}")
    sizes = split_sizes(items, lang)
    if out.exists() and not force:
        raise MusiError(f"{out}: already exists; check it with `musi dataset verify {out}` or build again with --force")
    refuse_other_folders(out)
    out = out.absolute()
    partial = out.with_name(out.name + ".partial")
    try:
        shards = partial / f"shards-{lang}-{items}-{source_digest()}"
        shards.mkdir(parents=True, exist_ok=True)
        _build_shards(shards, sizes, workers, progress, engine, lang)
        files = {f"{split}.jsonl": _join_shards(shards, partial, split, count, lang) for split, count in sizes.items()}
        manifest = make_manifest(files, lang)
        (partial / MANIFEST).write_text(canonical_json(manifest.model_dump(mode="json")) + "\n", "utf-8")
        for leftover in partial.glob("shards-*"):
            shutil.rmtree(leftover)
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise MusiError(f"{out}: {error.strerror or error}; nothing was kept, free the space or choose another folder") from None
    return manifest


def make_manifest(files: dict[str, FileEntry], lang: str = "en") -> Manifest:
    """The manifest of this release, in the given language, for the given files."""
    language = LANGUAGES[lang]
    return Manifest(
        release=release_name(lang),
        lang=lang,
        licence=LICENCE,
        canary=CANARY,
        families=tuple(family.name for family in FAMILIES.values() if family.asks(language)),
        constraints=tuple(rule.name for rule in offered(language)),
        styles=STYLES,
        files=files,
    )


def source_digest() -> str:
    """Digest of the code and facts that items are made of, so that shards of another version are never taken up."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".jsonl", ".toml"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def shard_bounds(count: int) -> list[range]:
    """The indices of each shard of a split of `count` items."""
    return [range(start, min(start + SHARD_ITEMS, count)) for start in range(0, count, SHARD_ITEMS)]


def _build_shards(shards: Path, sizes: dict[Split, int], workers: int, progress: Progress, engine: Engine, lang: str) -> None:
    jobs: list[Job] = [
        (shards / f"{split}-{i:04d}", split, bounds, lang)
        for split, n in sizes.items()
        for i, bounds in enumerate(shard_bounds(n))
    ]
    open_jobs = [job for job in jobs if not job[0].exists()]
    progress(sum(len(bounds) for path, _, bounds, _ in jobs if path.exists()))
    if engine == "ray":
        from musi.cluster import build_shards

        build_shards(open_jobs, progress)
        return
    if workers == 1:
        for job in open_jobs:
            progress(_build_shard(*job))
        return
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        try:
            for future in as_completed([pool.submit(_build_shard, *job) for job in open_jobs]):
                progress(future.result())
        except BrokenProcessPool:
            raise MusiError(f"{shards}: a worker process was killed; run the same command again to go on from here") from None
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """Let this worker process end when the building process is killed, instead of waiting for jobs for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _build_shard(path: Path, split: Split, bounds: range, lang: str) -> int:
    """Write one shard; complete or not there at all."""
    write_shard(path, shard_rows(split, bounds, lang))
    return len(bounds)


def shard_rows(split: Split, bounds: range, lang: str) -> Iterator[bytes]:
    """The rows of one shard: each its item's key in hex, a tab and the canonical line."""
    for index in bounds:
        item = build_item(split, index, lang=lang)
        yield item_key(item).hex().encode() + b"\t" + item_line(item)


def write_shard(path: Path, rows: Iterable[bytes]) -> None:
    """Write a shard under another name, then rename it."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.writelines(rows)
    temporary.rename(path)


def _join_shards(shards: Path, out: Path, split: Split, count: int, lang: str) -> FileEntry:
    """Write a split's file from its shards, drawing items that repeat an earlier one again."""
    digest, size = hashlib.sha256(), 0
    with (out / f"{split}.jsonl").open("wb") as file:
        for line in _unique_lines(split, _shard_rows(shards, split, count), lang):
            file.write(line)
            digest.update(line)
            size += len(line)
        file.flush()
        os.fsync(file.fileno())
    return FileEntry(sha256=digest.hexdigest(), bytes=size, items=count)


def _shard_rows(shards: Path, split: Split, count: int) -> Iterator[tuple[bytes, bytes]]:
    for i in range(len(shard_bounds(count))):
        with (shards / f"{split}-{i:04d}").open("rb") as shard:
            for row in shard:
                key, _, line = row.partition(b"\t")
                yield bytes.fromhex(key.decode()), line


def _unique_lines(split: Split, rows: Iterator[tuple[bytes, bytes]], lang: str = "en", release: str = RELEASE) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for index, (key, line) in enumerate(rows):
        attempt = 0
        while key in seen:
            attempt += 1
            if attempt > MAX_ATTEMPTS:
                raise MusiError(f"{split} item {index}: no new item in {MAX_ATTEMPTS:,} attempts; ask for fewer with --items")
            item = build_item(split, index, attempt, lang, release)
            key, line = item_key(item), item_line(item)
        seen.add(key)
        yield line


def split_lines(split: Split, count: int | None = None, lang: str = "en", release: str = RELEASE) -> Iterator[bytes]:
    """The lines of a split's file, built in memory: what the file of the release must hold."""
    items = (build_item(split, index, 0, lang, release) for index in range(SIZES[split] if count is None else count))
    return _unique_lines(split, ((item_key(item), item_line(item)) for item in items), lang, release)
