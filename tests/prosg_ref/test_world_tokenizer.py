"""Greedy longest match on bytes: lossless on any bytes, equal to the published one, firm about broken files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rwkv import rwkv_tokenizer
from tiny_models import world_vocabulary

from musi.errors import MusiError
from prosg_ref.tokenizer import load_tokenizer
from prosg_ref.world_tokenizer import WORLD_FILE, WorldTokenizer

PUBLISHED = Path(rwkv_tokenizer.__file__).with_name(WORLD_FILE)
LONGER = ["ab", "abcd", "é", "\n\n", "\u2028", b"\xf0\x9f", " a", "'", '"', "東京"]


SMALL = WorldTokenizer(world_vocabulary(LONGER))
WORLD = WorldTokenizer.load(PUBLISHED)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_come_back(data: bytes) -> None:
    for tokenizer in (SMALL, WORLD):
        ids = tokenizer.encode_bytes(data)
        assert tokenizer.decode_bytes(ids) == data
        assert 0 not in ids


@given(st.text(alphabet="abcd' é\n東京\u2028🙂"))
def test_text_comes_back(text: str) -> None:
    assert SMALL.decode(SMALL.encode(text)) == text
    assert WORLD.decode(WORLD.encode(text)) == text


@pytest.fixture(scope="module")
def published() -> rwkv_tokenizer.TRIE_TOKENIZER:
    return rwkv_tokenizer.TRIE_TOKENIZER(str(PUBLISHED))


@pytest.mark.parametrize(
    "text",
    ["", "Name two colours.\n\n[1]\nred, blue", "naïve Ελλάδα 東京 🙂 e\u0301", "    def f(x):\r\n\t\treturn 1024", "a\u2028b"],
)
def test_equals_the_published_tokenizer(published: rwkv_tokenizer.TRIE_TOKENIZER, text: str) -> None:
    assert WORLD.encode(text) == published.encode(text)


def test_equals_the_published_tokenizer_on_random_bytes(published: rwkv_tokenizer.TRIE_TOKENIZER) -> None:
    import random

    stream = random.Random(0)
    data = b"".join(stream.choice([stream.randbytes(2), b"the ", "été".encode(), b"\n\n  "]) for _ in range(3000))
    assert WORLD.encode_bytes(data) == published.encodeBytes(data)


def test_the_longest_token_wins() -> None:
    assert [SMALL.decode_bytes([i]) for i in SMALL.encode("abcabcd")] == [b"ab", b"c", b"abcd"]


def test_end_and_unknown_ids_are_nothing_and_broken_text_is_marked() -> None:
    assert SMALL.decode([0, *SMALL.encode("ab"), 60_000]) == "ab"
    assert SMALL.decode(SMALL.encode_bytes(b"a\xff")) == "a\ufffd"
    assert (SMALL.vocab_size, WORLD.vocab_size) == (256 + len(LONGER) + 1, 65530)
    assert SMALL.encode_batch(["ab", "a"]) == [SMALL.encode("ab"), SMALL.encode("a")]


def test_the_file_comes_back(tmp_path: Path) -> None:
    (tmp_path / WORLD_FILE).write_bytes(SMALL.content())
    loaded = load_tokenizer(tmp_path)
    assert isinstance(loaded, WorldTokenizer)
    assert loaded.encode("abcd東京") == SMALL.encode("abcd東京")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "not UTF-8"),
        (b"x 'a' 1\n", ":1: not `id literal length`"),
        (b"1 __import__('os').system('false') 1\n", ":1: not `id literal length`"),
        (b"1 'a 1\n", ":1: not `id literal length`"),
        (b"1 '\\ud800' 3\n", ":1: not `id literal length`"),
        (b"1 'a' 2\n", ":1: the token is not 2 bytes long"),
        (b"1 3 1\n", ":1: the token is not 1 bytes long"),
        (b"0 'a' 1\n", ":1: id 0 is taken"),
        (b"1 'a' 1\n1 'b' 1\n", ":2: id 1 is taken"),
        (world_vocabulary([])[:-14], "no token for the byte 0xff"),
        (b"", "no token for the byte 0x00"),
        (None, "No such file"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / WORLD_FILE
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MusiError) as caught:
        WorldTokenizer.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
