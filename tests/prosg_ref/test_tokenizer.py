"""Lossless on any text, clean at label lines, and firm about files that are not tokenizers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.errors import MusiError
from prosg_ref.tokenizer import END, Tokenizer, load_tokenizer

TOKENIZER = Tokenizer.train(["[1]\nred, blue\n[2]\n1024 metres"] * 4, 300)


@given(st.text())
def test_round_trip(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.text(alphabet='\n a1[é*<>"“('))
def test_round_trip_around_newlines(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_a_word_is_the_same_at_the_start_of_a_line() -> None:
    assert TOKENIZER.encode("a\nred")[2:] == TOKENIZER.encode("a red")[1:]


def test_a_word_is_the_same_behind_a_mark_that_opens() -> None:
    assert TOKENIZER.encode('"red')[1:] == TOKENIZER.encode("a red")[1:]


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


def test_a_file_like_the_piles(tmp_path: Path) -> None:
    """NFC, byte-level BPE, `<|endoftext|>` at id 0, runs of spaces added behind the merges."""
    from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Raw

    raw = Raw(models.BPE())
    raw.normalizer = normalizers.NFC()
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=280, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(["the red house and the blue house"] * 3, trainer)
    raw.add_tokens([AddedToken(" " * n, normalized=True) for n in (4, 2)])
    raw.save(str(tmp_path / "20B_tokenizer.json"))

    loaded = load_tokenizer(tmp_path / "20B_tokenizer.json")
    assert loaded.vocab_size == raw.get_vocab_size()
    for text in ("the red house\n    and 12", "naïve 東京 🙂", "a<|endoftext|>b"):
        assert loaded.decode(loaded.encode(text)) == text
        assert loaded.end_id not in loaded.encode(text)
    assert loaded.encode("    ") == [raw.token_to_id("    ")]
    assert loaded.decode(loaded.encode("e\u0301")) == "\u00e9"
