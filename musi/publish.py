"""`musi dataset release`: a built directory becomes a release, whose lock pins its bytes for good.

built directory ──validate──► no problem ──diff with the release before──► number fits ──► musi/releases/X.Y.Z.lock.json

Nothing is written before every check has passed, and a lock that is there is never changed: an edit of a released row needs a new
MAJOR number, new rows a MINOR one (the rule of `musi.diff`).
"""

import re
from collections.abc import Callable
from pathlib import Path

from musi.diff import check_version, diff
from musi.errors import MusiError
from musi.release import LOCKS, lock, manifest_of, refuse_changed_files
from musi.schema import Manifest, canonical_json
from musi.validate import validate

_LOCK = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?P<lang>-[a-z]{2,8})?")


def earlier_locks(release: str) -> list[str]:
    """Releases in the same language that have a lock, but for `release` itself."""
    language = _language(release)
    names = [path.name.removesuffix(".lock.json") for path in sorted(LOCKS.glob("*.lock.json"))]
    return [name for name in names if name != release and _LOCK.fullmatch(name) and _language(name) == language]


def _language(release: str) -> str:
    match = _LOCK.fullmatch(release)
    if match is None:
        raise MusiError(f"release {release!r}: no MAJOR.MINOR.PATCH number; only data built by `musi dataset build` are released")
    return match["lang"] or ""


def publish(
    directory: Path, previous: Path | None, workers: int = 2, progress: Callable[[int], None] = lambda done: None
) -> Manifest:
    """Check a built directory and write its lock; returns the manifest that was locked. Locking the same bytes again is no error.

    `previous` is the built directory of the release before, needed unless this is the first one of its language or a MAJOR one.
    Raises MusiError when a check fails, the version number does not fit the changes, or a lock of that number pins other bytes.
    """
    manifest = manifest_of(directory)
    earlier = earlier_locks(manifest.release)
    path = LOCKS / f"{manifest.release}.lock.json"
    if path.exists() and lock(manifest.release) != manifest:
        raise MusiError(f"{path}: already pins other bytes; a release is never changed, give the new data a new number")
    if previous is not None:
        before = manifest_of(previous)
        if before != lock(before.release):
            raise MusiError(f"{previous}: is not release {before.release} as it was locked; check it with `musi dataset verify`")
        check_version(diff(previous, directory))
    elif earlier and not path.exists() and not manifest.release.partition("-")[0].endswith(".0.0"):
        raise MusiError(
            f"release {manifest.release}: follows {earlier[-1]}; name its built folder with --previous, to compare the rows"
        )
    report = validate(directory, workers, progress)
    if report.problems:
        first = report.problems[0]
        raise MusiError(
            f"{directory}: {len(report.problems):,} problems, the first in {first.where}: {first.reason}; nothing was locked"
        )
    refuse_changed_files(directory, manifest)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(canonical_json(manifest.model_dump(mode="json")) + "\n", "utf-8")
    temporary.replace(path)
    return manifest
