"""Read files that strangers wrote: plain files of bounded size, JSON and YAML without any of their extensions.

Every fault is a MusiError that names the file (and line) and the reason. Nothing outside the given path is opened.
"""

import hashlib
import io
import json
import math
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import yaml
import zstandard
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from musi.errors import MusiError
from musi.samples import MAX_SAMPLE_BYTES

MAX_YAML_BYTES = 64_000
MAX_YAML_DEPTH = 20
MAX_WINDOW_BYTES = 1 << 23  # of a zstd frame: what `zstd -19` asks of its reader at most
CHUNK = 1 << 16


def open_plain(path: Path, limit: int) -> BinaryIO:
    """A plain file of at most `limit` bytes, open for reading; a link, a device or a folder is refused."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise MusiError(f"{path}: not a plain file; put the file itself there, not a link or a folder")
        if status.st_size > limit:
            raise MusiError(f"{path}: {status.st_size:,} bytes, over the limit of {limit:,}; this is not what `submit` writes")
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; make the folder again with `musi leaderboard submit`") from None


def read_bytes(path: Path, limit: int) -> bytes:
    """All bytes of a plain file of at most `limit` bytes."""
    with open_plain(path, limit) as file:
        return file.read(limit)


def file_sha256(path: Path, limit: int) -> str:
    """SHA-256 in hex of a plain file of at most `limit` bytes, read in chunks."""
    digest = hashlib.sha256()
    with open_plain(path, limit) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_lines(path: Path, limit: int) -> Iterator[bytes]:
    """The lines of a plain file, or of one packed as `.zst`, of at most `limit` bytes unpacked; one line is in memory at a time.

    Raises MusiError naming the file (and line): a frame that unpacks to more, or wants a larger window, or is broken; a line
    longer than any sample.
    """
    with open_plain(path, limit) as packed:
        file: Any = packed
        if path.suffix == ".zst":
            unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
            file = io.BufferedReader(unpacker.stream_reader(packed, read_size=CHUNK, read_across_frames=True), CHUNK)
        total = 0
        try:
            for number, line in enumerate(iter(lambda: file.readline(MAX_SAMPLE_BYTES + 1), b""), start=1):
                total += len(line)
                if total > limit:
                    raise MusiError(f"{path}: unpacks to more than {limit:,} bytes; this is not what `submit` writes")
                if len(line) > MAX_SAMPLE_BYTES:
                    raise MusiError(
                        f"{path}, line {number}: longer than {MAX_SAMPLE_BYTES:,} bytes, more than any sample; "
                        "save the samples again with lm-eval"
                    )
                yield line.rstrip(b"\r\n")
        except (zstandard.ZstdError, OSError) as error:
            raise MusiError(
                f"{path}: cannot be unpacked ({error}); make the folder again with `musi leaderboard submit`"
            ) from None


def parse_json(text: bytes, where: str) -> dict[str, Any]:
    """A JSON object without duplicate keys, numbers that are not finite, or text that is not Unicode.

    Raises MusiError naming `where`.
    """
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique_keys, parse_constant=_not_finite, parse_float=_finite_float
        )
        if b"\\u" in text:  # an escaped half of a surrogate pair is valid JSON, but no text
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise MusiError(f"{where}: not valid JSON ({error.msg}); save the results again with lm-eval") from None
    except UnicodeError:
        raise MusiError(f"{where}: not valid UTF-8; save the results again with lm-eval") from None
    except RecursionError:
        raise MusiError(f"{where}: nested too deeply; save the results again with lm-eval") from None
    except ValueError as error:
        raise MusiError(f"{where}: {error}; save the results again with lm-eval") from None
    if not isinstance(value, dict):
        raise MusiError(f"{where}: not a JSON object; save the results again with lm-eval")
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise ValueError(f"key {twice[:80]!r} comes twice")
    return value


def _not_finite(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _finite_float(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:80]} is too large for a number")
    return value


def parse_json_lines(path: Path, limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`path, line n`, object) of every line of a file that `read_lines` reads; raises MusiError as it and `parse_json` do."""
    for number, line in enumerate(read_lines(path, limit), start=1):
        where = f"{path}, line {number}"
        yield where, parse_json(line, where)


class _PlainLoader(yaml.SafeLoader):
    """YAML as far as JSON goes: no tags, no anchors or aliases, no duplicate keys, bounded depth."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise ConstructorError(None, None, "anchors and aliases are not allowed", event.start_mark)
        if event.tag is not None:
            raise ConstructorError(None, None, f"tag {event.tag[:80]} is not allowed", event.start_mark)
        self.depth += 1
        if self.depth > MAX_YAML_DEPTH:
            raise ConstructorError(None, None, "nested too deeply", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) != len(node.value):
            raise ConstructorError(None, None, "a key comes twice or is not plain text", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping of plain values; raises MusiError naming file and line."""
    text = read_bytes(path, MAX_YAML_BYTES)
    try:
        value = yaml.load(text.decode("utf-8"), _PlainLoader)
    except UnicodeDecodeError:
        raise MusiError(f"{path}: not valid UTF-8; write it again as plain text") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise MusiError(f"{path}{line}: {error.problem}; write plain `key: value` lines") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise MusiError(f"{path}: {str(error).splitlines()[0]}; write plain `key: value` lines") from None
    if not isinstance(value, dict):
        raise MusiError(f"{path}: not a mapping; write plain `key: value` lines")
    return value


def first_fault(error: ValidationError) -> str:
    """The first fault of a pydantic validation, in one line."""
    fault = error.errors()[0]
    field = ".".join(str(part)[:80] for part in fault["loc"])
    return f"{field}: {fault['msg'].splitlines()[0]}"


def visible(text: str) -> str:
    """`text` with control and direction characters spelled out, so that what is read is what is there."""
    return "".join(_spelled(char) if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char for char in text)


def _spelled(char: str) -> str:
    return char if char in "\n\t" else f"⟨U+{ord(char):04X}⟩"
