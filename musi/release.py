"""Releases: the lock that a rebuild must match, and where a verified copy of a split is found on this machine."""

import hashlib
import os
from contextlib import suppress
from itertools import product
from pathlib import Path

from pydantic import ValidationError

from musi.build import MANIFEST, split_lines
from musi.errors import MusiError
from musi.generate import RELEASE, release_name
from musi.languages import LANGUAGES
from musi.schema import SPLITS, FileEntry, Item, Manifest, Split, parse_item, read_items

LOCKS = Path(__file__).parent / "releases"
CHUNK = 1 << 20


def lock(release: str = RELEASE) -> Manifest:
    """The committed manifest of a release; raises MusiError when there is none."""
    path = LOCKS / f"{release}.lock.json"
    if not path.exists():
        known = ", ".join(sorted(lock.name.removesuffix(".lock.json") for lock in LOCKS.glob("*.lock.json"))) or "none"
        raise MusiError(f"release {release!r} has no lock in this MuSI (known: {known}); install the version that made it")
    return read_manifest(path)


def lock_digest(release: str = RELEASE) -> str:
    """SHA-256 of a release's lock file: one string that names the exact data."""
    lock(release)
    return hashlib.sha256((LOCKS / f"{release}.lock.json").read_bytes()).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest or lock file; raises MusiError naming it when it is missing or does not fit the schema."""
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; build the dataset with `musi dataset build`") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise MusiError(
            f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}; rebuild with `musi dataset build`"
        ) from None


def manifest_of(directory: Path) -> Manifest:
    """The manifest of a built directory."""
    return read_manifest(directory / MANIFEST)


def file_digest(path: Path) -> FileEntry:
    """Digest, size and line count of a file; raises MusiError when it cannot be read."""
    digest, size, lines = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                lines += chunk.count(b"\n")
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; build the dataset with `musi dataset build`") from None
    return FileEntry(sha256=digest.hexdigest(), bytes=size, items=lines)


def refuse_changed_files(directory: Path, manifest: Manifest) -> None:
    """Raise MusiError for the first file of a built directory that is not as its manifest says."""
    for name, entry in manifest.files.items():
        if file_digest(directory / name) != entry:
            raise MusiError(f"{directory / name}: differs from {MANIFEST}; rebuild with `musi dataset build --force`")


def verify(directory: Path) -> Manifest:
    """Check every file of a built release against the lock, byte for byte.

    Raises MusiError naming the first file, line and item that differ.
    """
    manifest = manifest_of(directory)
    locked = lock(manifest.release)
    for name, entry in locked.files.items():
        if file_digest(directory / name) != entry:
            raise MusiError(f"{directory / name}: {_first_difference(directory / name, manifest.release)}")
    if manifest != locked:
        raise MusiError(
            f"{directory / MANIFEST}: differs from the lock of {locked.release}; rebuild with `musi dataset build --force`"
        )
    return manifest


def _first_difference(path: Path, release: str) -> str:
    """Where a file leaves the release: found by building the right lines again, which only the current release allows."""
    split = next((split for split in SPLITS if split == path.stem), None)
    again = "rebuild with `musi dataset build --force`"
    lang = release.removeprefix(RELEASE).removeprefix("-") or "en"
    if split is None or lang not in LANGUAGES or release != release_name(lang):
        return f"digest differs from the lock; {again}"
    with path.open("rb") as file:
        for number, wanted in enumerate(split_lines(split, lang=lang), start=1):
            if file.readline(len(wanted) + 1) != wanted:
                item = parse_item(wanted, str(path)).id
                return f"line {number} (item {item}) differs from the lock; {again}"
    return f"more lines than the lock has; {again}"


def find_item(item_id: str) -> Item:
    """The item called `item_id` of the current release, in any language; raises MusiError when there is none."""
    for lang, split in product(LANGUAGES, SPLITS):
        name = release_name(lang)
        prefix = f"musi-{name}-{split}-"
        index = item_id.removeprefix(prefix)
        if not (item_id.startswith(prefix) and len(index) <= 9 and index.isdecimal()):
            continue
        if int(index) < lock(name).files[f"{split}.jsonl"].items:
            item = load_split(split, lang=lang)[int(index)]
            if item.id == item_id:
                return item
    raise MusiError(f"{item_id!r}: no such item in release {RELEASE}; ids look like musi-{RELEASE}-test_iid-00007")


def cache_dir() -> Path:
    """Where built splits are kept: `$MUSI_CACHE`, or `musi` in the user's cache directory."""
    if chosen := os.environ.get("MUSI_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "musi"


def load_split(split: Split, directory: Path | None = None, lang: str = "en") -> list[Item]:
    """The items of a split of the locked release in a language, from `directory` or built into the cache on first use (seconds).

    Raises MusiError when the file does not match the lock.
    """
    release = release_name(lang)
    path = (directory or cache_dir() / release) / f"{split}.jsonl"
    wanted = lock(release).files[path.name]
    if directory is None and not path.exists():
        _cache(path, split, lang)
    if file_digest(path) != wanted:
        if directory is not None:
            raise MusiError(f"{path}: {_first_difference(path, release)}")
        _cache(path, split, lang)
        if file_digest(path) != wanted:
            raise MusiError(f"{path}: this MuSI builds other bytes than its lock; please report it with your Python version")
    return list(read_items(path))


def _cache(path: Path, split: Split, lang: str) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.writelines(split_lines(split, lang=lang))
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise MusiError(f"{path}: {error.strerror}; point MUSI_CACHE to a writable folder") from None
