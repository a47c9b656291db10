"""A submission folder that comes as one `.zip`: unpacked into a temporary folder, once it is clear that it holds nothing else.

Refused before a byte is unpacked: paths that lead elsewhere, links, devices, other files than a submission has, sizes over their
limits, long directories, encryption, exotic compression. What unpacks to another size than it declares is refused, too.
"""

import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from leaderboards.submission import MAX_FILES, SLUG, file_limit
from leaderboards.untrusted import CHUNK, open_plain, visible
from musi.errors import MusiError

MAX_ARCHIVE_BYTES = 128_000_000
MAX_DIRECTORY_BYTES = 16_000
_END = struct.Struct("<4s4H2LH")  # the last record of a zip without a comment


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The submission folder at `path`, or a temporary one with what the `.zip` at `path` holds; raises MusiError naming it."""
    if path.suffix != ".zip":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="musi-submission-") as base:
        yield _unpack(path, Path(base))


def _unpack(path: Path, base: Path) -> Path:
    """Unpack into a folder below `base`, named as in the archive, and return it."""
    with open_plain(path, MAX_ARCHIVE_BYTES) as file:
        _check_directory(_tail(file), path)
        try:
            archive = zipfile.ZipFile(file)
            members = [info for info in archive.infolist() if not info.is_dir()]
            names = [_place(info, path) for info in members]
            if len({folder for folder, _ in names}) > 1 or len(set(names)) != len(names):
                raise MusiError(f"{path}: holds files of several folders, or one twice; pack one submission folder")
            target = base / (names[0][0] if names else "empty")
            target.mkdir()
            for info, (_, name) in zip(members, names, strict=True):
                _extract(archive, info, target / name, path)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
            raise MusiError(f"{path}: not a sound zip archive ({str(error)[:80]}); pack the submission folder again") from None
    return target


def _tail(file: BinaryIO) -> bytes:
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 20))
    return file.read()


def _check_directory(tail: bytes, path: Path) -> None:
    """Refuse an archive with a long directory before the zip module reads all of it into memory."""
    again = "pack the submission folder again, as `zip -r NAME.zip NAME`"
    if len(tail) < _END.size or (end := _END.unpack(tail[-_END.size :]))[0] != b"PK\5\6" or end[7]:
        raise MusiError(f"{path}: not a plain zip archive; {again}")
    if tail.startswith(b"PK\6\7") or end[4] > MAX_FILES + 1 or end[5] > MAX_DIRECTORY_BYTES:
        raise MusiError(f"{path}: lists {end[4]:,} files, more than any submission; {again}")


def _place(info: zipfile.ZipInfo, path: Path) -> tuple[str, str]:
    """(folder, file name) of a member that may be unpacked."""
    name = visible(info.filename[:120])
    folder, _, file = info.filename.rpartition("/")
    mode = info.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise MusiError(f"{path}: {name!r} is a link or a device, not a plain file; pack the files themselves")
    if not SLUG.fullmatch(folder) or not file_limit(file):
        raise MusiError(f"{path}: {name!r} does not belong in a submission; pack one folder made by `musi leaderboard submit`")
    if info.file_size > file_limit(file):
        raise MusiError(f"{path}: {name!r} unpacks to {info.file_size:,} bytes, over the limit of {file_limit(file):,}")
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise MusiError(f"{path}: {name!r} is encrypted or packed in an uncommon way; pack it again with plain zip")
    return folder, file


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, path: Path) -> None:
    """Unpack one member, and no more than it declared."""
    left = info.file_size
    with archive.open(info) as source, target.open("wb") as out:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise MusiError(f"{path}: {info.filename!r} unpacks to more than it declares; pack the folder again")
            out.write(chunk)
