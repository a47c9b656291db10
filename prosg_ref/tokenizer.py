"""Tokenizers: a small byte-level BPE trained on MuSI, the Pile's 20B file, and RWKV's World vocabulary.

The BPE is lossless: any text in, the same text out.

Digits and newlines are tokens of their own, so that a label line `[3]` is always the same four tokens and never melts
into what stands beside it. A word at the start of a line, or behind a mark that opens (`**`, `"`, `<`), gets the tokens that it
has after a space, so that what is copied from the middle of a prompt to the start of an answer keeps its ids: inside, a
newline or such a mark before a letter or a space is followed by one space more, which decoding takes away. Id 0 is `<|end|>`,
the end of a document; text that spells it is encoded as plain text.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as RawTokenizer

from musi.errors import MusiError

from .world_tokenizer import WORLD_FILE, WorldTokenizer

END = "<|end|>"
OPENING = r'[\n*"(<>/\[“«]'  # a word behind one of these has the ids it has after a space
KNOWN_ENDS = (END, "<|endoftext|>")  # the latter stands at id 0 in the Pile's 20B_tokenizer.json
MAX_FILE_BYTES = 20_000_000


class Tokenizer:
    """Text to ids and back. Trained here, it is lossless: `decode(encode(text)) == text` for all that UTF-8 can hold.

    The Pile's file is not: it normalises text to NFC.
    """

    end_id = 0
    file_name = "tokenizer.json"

    def __init__(self, raw: RawTokenizer, source: str = "memory") -> None:
        if raw.id_to_token(self.end_id) not in KNOWN_ENDS:
            raise MusiError(f"{source}: id 0 is not {END}; give a tokenizer of prosg_ref, or the Pile's")
        self.raw = raw
        self.raw.encode_special_tokens = True

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> "Tokenizer":
        """Learn merges from texts; the same texts in the same order give the same tokenizer."""
        raw = RawTokenizer(models.BPE())
        raw.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(r"\n|[0-9]"), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        )
        raw.normalizer = normalizers.Replace(Regex(rf"(?<={OPENING})(?=[\p{{L}} ])"), " ")
        raw.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Replace(Regex(rf"(?<={OPENING}) "), "")])
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[END],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        raw.train_from_iterator(texts, trainer)
        return cls(raw)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read a tokenizer.json. Raises MusiError when it is missing, too large, broken, or not one of ours."""
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise MusiError(f"{path}: over {MAX_FILE_BYTES:,} bytes; this is not a tokenizer of prosg_ref")
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MusiError(f"{path}: cannot be read ({error}); a checkpoint needs its tokenizer.json") from None
        try:
            raw = RawTokenizer.from_str(text)
        except Exception as error:  # the library raises bare Exception
            raise MusiError(f"{path}: not a tokenizer file ({error}); copy it again from where it was trained") from None
        return cls(raw, str(path))

    def content(self) -> bytes:
        """What its file holds, the same bytes for the same tokenizer."""
        return (json.dumps(json.loads(self.raw.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n").encode()

    @property
    def vocab_size(self) -> int:
        return int(self.raw.get_vocab_size())

    def encode(self, text: str) -> list[int]:
        return list(self.raw.encode(text, add_special_tokens=False).ids)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in self.raw.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids; `<|end|>` gives nothing, bytes that are no UTF-8 give U+FFFD."""
        return str(self.raw.decode(list(ids), skip_special_tokens=True))


AnyTokenizer = Tokenizer | WorldTokenizer


def texts_of(tokenizer: AnyTokenizer) -> list[str]:
    """The text of every id by itself, (V,); a piece of a character has U+FFFD in it."""
    return [tokenizer.decode([i]) for i in range(tokenizer.vocab_size)]


def load_tokenizer(path: Path) -> AnyTokenizer:
    """The tokenizer in a checkpoint's folder, or in a file: JSON, or a World vocabulary (.txt).

    Raises MusiError when there is none, or it is broken.
    """
    if path.is_dir():
        world = path / WORLD_FILE
        path = world if world.exists() else path / Tokenizer.file_name
    return WorldTokenizer.load(path) if path.suffix == ".txt" else Tokenizer.load(path)
