"""The rows of the dataset and its manifest: frozen pydantic models that refuse unknown keys, and their canonical bytes."""

import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from musi.errors import MusiError

Memory = Literal["instruction", "content", "constraint", "order"]
Split = Literal["train", "validation", "test_iid", "test_ood"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test_iid", "test_ood")
CANARY = "musi-canary 7f0c9a52-5d0e-4f6b-9c55-2b3f1f6f7a41: benchmark data, keep out of training corpora"
MAX_LINE_BYTES = 1_000_000
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Record(BaseModel):
    """Base of every stored model: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(Record):
    """One instruction of a prompt, with its gold answer and what its verifier needs."""

    family: str
    instruction: str
    answer: str
    params: Annotated[str, Field(description="canonical JSON of the problem; the verifier derives the answer from it")]
    memory: tuple[Memory, ...]
    distance: Annotated[int, Field(ge=0, description="words of gold answer before this stage")]


class Constraint(Record):
    """A rule stated once in the prompt that every answer must obey."""

    name: str
    text: str
    params: str


class Item(Record):
    """One row: context, constraints, 2-8 stages, the prompt made of them and the gold answer."""

    id: str
    release: str
    split: Split
    index: Annotated[int, Field(ge=0)]
    lang: str
    style: str
    context: str
    constraints: tuple[Constraint, ...]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=32)]
    prompt: str
    answer: str
    canary: str


class FileEntry(Record):
    """Digest and size of one file of a release."""

    sha256: str
    bytes: int
    items: int


class Manifest(Record):
    """What a built directory holds; a release's lock is the manifest that was committed."""

    release: str
    lang: str
    licence: str
    canary: str
    families: tuple[str, ...]
    constraints: tuple[str, ...]
    styles: tuple[str, ...]
    files: dict[str, FileEntry]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, UTF-8 text in NFC: equal values give equal bytes."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # what orjson cannot write: whole numbers of more than 64 bits, lone surrogates
        text = _ENCODER.encode(value)
    if "null" in text:
        _ENCODER.encode(value)  # orjson writes NaN as null; this raises ValueError
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@lru_cache(maxsize=4096)
def load_params(text: str) -> dict[str, Any]:
    """What `Stage.params` or `Constraint.params` stores; shared between callers, so only to be read."""
    return json.loads(text)


def parse_item(line: bytes | str, where: str) -> Item:
    """Read one line of a dataset file.

    Raises MusiError naming `where` when the line is too long, is not JSON or does not fit the schema.
    """
    if len(line) > MAX_LINE_BYTES:
        raise MusiError(f"{where}: line of {len(line):,} bytes, over the limit of {MAX_LINE_BYTES:,}; rebuild the dataset")
    try:
        return Item.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "line"
        message = first["msg"].splitlines()[0]
        raise MusiError(f"{where}: {place}: {message}; rebuild it with `musi dataset build`") from None


def read_items(path: Path):
    """Yield the items of a JSONL file in order; raises MusiError naming file and line."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; build it with `musi dataset build`") from None
    with file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 2), b""), start=1):
            yield parse_item(line.rstrip(b"\n"), f"{path}, line {number}")
