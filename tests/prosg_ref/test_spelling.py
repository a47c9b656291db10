"""A word is found again in capitals, a number in words, and nothing that only begins alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.languages import LANGUAGES
from prosg_ref.checkpoint import load_backbone
from prosg_ref.recipes import shipped
from prosg_ref.spelling import folded, glued, spelt

_, TOKENIZER = load_backbone(shipped("").parent / "weights/tiny/backbone")
TEXTS = folded(TOKENIZER)


def read(text: str) -> list[str]:
    """The folded tokens of what follows a line end."""
    return [TEXTS[i] for i in TOKENIZER.encode("\n" + text)][1:]


@given(st.integers(0, 9_999))
def test_every_number_is_told_by_its_own_digits_alone(n: int) -> None:
    words = read(LANGUAGES["en"].number_words(n))
    slots = spelt([*str(n), " nails"], words, 4)[0]
    assert len(slots) == len(words)
    assert slots == sorted(slots)
    assert 0 <= min(slots) <= max(slots) < len(str(n))
    for other in (n + 1, n * 10, n // 10, n + 20):
        if other != n:
            assert not any(spelt([*str(other), " nails"], words, 4)), other


@pytest.mark.parametrize(
    ("n", "words", "slots"),
    [
        ("2300", "two thousand three hundred", [0, 0, 1, 1]),
        ("9862", "nine thousand eight hundred and sixty-two", [0, 0, 1, 1, 1, 2, 3, 3]),
        ("40", "forty", [0]),
        ("13", "thirteen", [1, 1, 1]),
        ("7005", "seven thousand and five", [0, 0, 0, 3]),
        ("0", "zero", [0]),
    ],
)
def test_a_numbers_words_tell_its_digits_in_turn(n: str, words: str, slots: list[int]) -> None:
    assert spelt(["of", *n, "."], read(words), 4) == [[], slots, *[[]] * len(n)]


def test_what_only_begins_alike_is_not_told() -> None:
    assert not any(spelt([" pan", "."], read("PANTHER"), 4))
    assert not any(spelt(["7", "3", " nets"], read("seventy"), 4))
    assert not any(spelt(["7", " nets"], read("seventy-three"), 4))
    assert not any(spelt(["2", "3", "0", "0"], read("three hundred"), 4)), "nor the end of another number"
    assert not any(spelt(["1", "2", "3", "4", "5"], read("twelve"), 4)), "more digits than are written in words"
    assert not any(spelt(["73", " nets"], read("seventy-three"), 4)), "a token of two digits has no one word"
    assert not any(spelt(["²", " nets"], read("two"), 4))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20))
def test_what_stands_in_the_prompt_as_it_is_said_is_told_token_by_token(text: str) -> None:
    said = read(text)
    if said and all(said):
        assert spelt(said, said, len(said))[0] == list(range(len(said)))


def test_words_are_glued_and_marks_are_not() -> None:
    assert glued(" seventy", "-")
    assert glued("-", "three")
    assert glued(" M", "IL")
    assert not glued(" Anna", " Maria")
    assert not glued("7", "3")
    assert not glued("=>", " Maria")


def test_pieces_of_characters_are_like_nothing_else() -> None:
    pieces = [i for i in range(len(TEXTS)) if "\ufffd" in TOKENIZER.decode([i])]
    assert len(pieces) > 100
    assert len({TEXTS[i] for i in pieces}) == len(pieces)
    assert not {TEXTS[i] for i in pieces} & {text for i, text in enumerate(TEXTS) if i not in pieces}
