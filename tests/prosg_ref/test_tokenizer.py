"""Lossless on any text, clean at label lines, and firm about files that are not tokenizers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.errors import MusiError
from prosg_ref.tokenizer import END, Tokenizer

TOKENIZER = Tokenizer.train(["[1]\nred, blue\n[2]\n1024 metres"] * 4, 300)


@given(st.text())
def test_round_trip(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.text(alphabet="\n a1[é"))
def test_round_trip_around_newlines(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_a_word_is_the_same_at_the_start_of_a_line() -> None:
    assert TOKENIZER.encode("a\nred")[2:] == TOKENIZER.encode("a red")[1:]


@pytest.mark.parametrize("text", ["", END, f"a{END}b", "\r\n\t  x ", "naïve Ελλάδα 東京 🙂", "e\u0301"])
def test_round_trip_of_hard_texts(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert TOKENIZER.end_id not in ids


def test_labels_and_digits_are_tokens_of_their_own() -> None:
    assert [TOKENIZER.decode([i]) for i in TOKENIZER.encode("\n\n[12]\n")] == ["\n", "\n", "[", "1", "2", "]", "\n"]


def test_pieces_joined_at_a_newline_are_the_whole(tokenizer: Tokenizer) -> None:
    prompt, answer = "Name two colours.", "\n\n[1]\nred, blue"
    assert tokenizer.encode(prompt) + tokenizer.encode(answer) == tokenizer.encode(prompt + answer)


def test_training_is_deterministic_and_files_come_back_the_same(tmp_path: Path) -> None:
    again = Tokenizer.train(["[1]\nred, blue\n[2]\n1024 metres"] * 4, 300)
    assert again.content() == TOKENIZER.content()
    (tmp_path / "tokenizer.json").write_bytes(TOKENIZER.content())
    assert Tokenizer.load(tmp_path / "tokenizer.json").encode("red 12") == TOKENIZER.encode("red 12")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "not a tokenizer file"), (b"\xff\xfe", "cannot be read"), (b"{}", "not a tokenizer file"), (None, "cannot be read")],
)
def test_broken_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MusiError, match=message) as caught:
        Tokenizer.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
