"""The tokenizer of RWKV's World models: greedy longest match on bytes, so any bytes in, the same bytes out.

The vocabulary file has one line per token: id, a Python literal (str or bytes), and the token's length in bytes.

    1 '\\x00' 1
    257 '\\t\\n' 2
    65529 b'\\xf0\\x9f\\x98' 3

Id 0 stands in no line: it is the end of a document and decodes to nothing.
"""

import ast
from collections.abc import Sequence
from pathlib import Path

from musi.errors import MusiError

WORLD_FILE = "rwkv_vocab_v20230424.txt"  # the name under which BlinkDL publishes it
MAX_FILE_BYTES = 20_000_000


class WorldTokenizer:
    """Text or bytes to ids and back. Lossless: every single byte is a token, which reading the file makes sure of."""

    end_id = 0
    file_name = WORLD_FILE

    def __init__(self, vocabulary: bytes, source: str = "memory") -> None:
        """Args: the file's content, and its name for errors. Raises MusiError naming the first line that is wrong."""
        self._content = vocabulary
        self._token_of = {self.end_id: b""}
        try:
            lines = vocabulary.decode("utf-8").split("\n")  # not splitlines: tokens hold other line separators
        except UnicodeDecodeError as error:
            raise MusiError(f"{source}: not UTF-8 ({error}); give the file {WORLD_FILE}") from None
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._add(line, f"{source}:{number}")
        self._id_of = {token: i for i, token in self._token_of.items() if token}
        missing = [byte for byte in range(256) if bytes([byte]) not in self._id_of]
        if missing:
            raise MusiError(f"{source}: no token for the byte {missing[0]:#04x}; give the file {WORLD_FILE}")
        lengths: dict[bytes, set[int]] = {}
        for token in self._id_of:
            lengths.setdefault(token[:2], set()).add(len(token))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}  # by the first two bytes

    def _add(self, line: str, where: str) -> None:
        number, _, rest = line.partition(" ")
        literal, _, length = rest.rstrip().rpartition(" ")
        try:
            token = ast.literal_eval(literal.strip())
            index, count = int(number), int(length)
            token = token.encode("utf-8") if isinstance(token, str) else token
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise MusiError(f"{where}: not `id literal length`; give the file {WORLD_FILE}") from None
        if not isinstance(token, bytes) or not token or len(token) != count:
            raise MusiError(f"{where}: the token is not {length} bytes long; give the file {WORLD_FILE}")
        if index < 1 or index in self._token_of:
            raise MusiError(f"{where}: id {index} is taken, or 0, the end of a document; give the file {WORLD_FILE}")
        self._token_of[index] = token

    @classmethod
    def load(cls, path: Path) -> "WorldTokenizer":
        """Read a vocabulary file. Raises MusiError when it is missing, too large, or not one."""
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise MusiError(f"{path}: over {MAX_FILE_BYTES:,} bytes; give the file {WORLD_FILE}")
            return cls(path.read_bytes(), str(path))
        except OSError as error:
            raise MusiError(f"{path}: {error.strerror}; give the file {WORLD_FILE}") from None

    def content(self) -> bytes:
        """What the file holds."""
        return self._content

    @property
    def vocab_size(self) -> int:
        """The largest id + 1. World models have a few rows more in their matrices, which are never used."""
        return max(self._token_of) + 1

    def encode_bytes(self, data: bytes) -> list[int]:
        """At each place the longest token that fits."""
        ids, at = [], 0
        while at < len(data):
            for length in self._lengths.get(data[at : at + 2], ()):
                found = self._id_of.get(data[at : at + length])
                if found is not None:
                    break
            else:  # no token of two bytes or more begins so
                found, length = self._id_of[data[at : at + 1]], 1
            ids.append(found)
            at += length
        return ids

    def decode_bytes(self, ids: Sequence[int]) -> bytes:
        """The bytes of ids; id 0, and one that the vocabulary lacks, give nothing."""
        return b"".join(self._token_of.get(i, b"") for i in ids)

    def encode(self, text: str) -> list[int]:
        return self.encode_bytes(text.encode("utf-8", "surrogatepass"))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; bytes that are no UTF-8 give U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")
