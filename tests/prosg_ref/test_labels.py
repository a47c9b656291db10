"""What is to be told, of a prompt's tokens, and where."""

from itertools import product
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence

from prosg_ref.examples import Example, split_batch
from prosg_ref.labels import CONTEXTS, alike, told
from prosg_ref.tokenizer import Tokenizer

# 20 to 24 with commas (5), told backwards
LIST = Example([9, 20, 5, 21, 5, 22, 5, 23, 5, 24, 8, 7], [23, 5, 22, 5, 21, 5, 20, 1], (8,))


def told_of(example: Example, offset: int, lost: list[float]) -> list[float]:
    return told(split_batch([example]), offset, torch.tensor([lost]))[0].tolist()


def told_one_by_one(example: Example, offset: int, lost: list[float]) -> list[float]:
    """The definition, token by token."""
    over = example.ends().tolist()
    prompt, text = example.prompt[:-1], example.prompt[-2:] + example.answer
    found = [0.0] * len(prompt)
    for t, context in product(range(len(prompt)), CONTEXTS):
        before = prompt[t - context : t] if t >= context else None
        places = [s for s in range(len(lost)) if s + 2 >= context and text[s + 2 - context : s + 2] == before]
        goes_on = [lost[s] for s in places if 0 <= t + offset < len(prompt) and prompt[t + offset] == text[s + 2]]
        ends = [lost[s] for s in places if s in over and offset == 0]
        found[t] = max(found[t], *(sum(hits) / len(places) if places else 0.0 for hits in (goes_on, ends)))
    return found


def test_told_is_what_the_answer_goes_on_with_and_the_backbone_loses() -> None:
    words_lost = [1.0, 0.0] * 4
    found = told_of(LIST, -4, words_lost)
    assert len(found) == len(LIST.prompt) - 1
    assert [t for t, share in enumerate(found) if share == 1.0] == [5, 7, 9], "at the tokens after `21,`, `22,` and `23,`"
    assert sum(found) == 3
    assert told_of(LIST, -4, [1.0, 0.0, 0.25, 0.0, 1.0, 0.0, 1.0, 0.0])[9] == 0.25, "`22` after `23,` is less than half lost"
    assert not any(told_of(LIST, 2, words_lost)), "nothing of it is every second one"
    assert not any(told_of(LIST, -4, [0.0] * 8))


def test_told_is_the_mean_over_all_places_of_the_answer() -> None:
    example = Example([20, 5, 21, 5, 22, 7], [20, 5, 21, 6, 20, 5, 22, 1], (8,))
    assert told_of(example, 0, [1.0] * 8)[2] == 0.5


def test_told_are_the_ends_of_stages() -> None:
    """Counts to 31 and to 41, a token a digit; 31 stands within the second as well."""
    example = Example([9, 3, 1, 5, 9, 4, 1, 5, 7], [3, 0, 5, 3, 1, 8, 3, 1, 5, 4, 1, 1], (5, 7))
    assert told_of(example, 0, [1.0] * 12) == [0, 0, 0, 0.5, 0, 0, 0, 1]
    assert not any(told_of(example, 2, [1.0] * 12)), "by one gate alone"


few = st.lists(st.integers(0, 3), min_size=2, max_size=14)


@given(st.lists(st.tuples(few, few), min_size=1, max_size=4), st.sampled_from([-4, -1, 0, 2, 5]), st.randoms())
def test_told_of_a_batch_is_told_one_by_one(texts: list[tuple[list[int], list[int]]], offset: int, random: Random) -> None:
    """Ids of 17 bits too, and rows of different lengths beside each other."""
    some = [Example([i * 43_690 for i in prompt], [i * 43_690 for i in answer], (1, len(answer) - 1)) for prompt, answer in texts]
    lost = [[random.choice([0.0, 0.25, 1.0]) for _ in e.answer] for e in some]
    padded = pad_sequence([torch.tensor(row) for row in lost], batch_first=True)
    found = told(split_batch(some), offset, padded)
    for e, row, shares in zip(some, found.tolist(), lost, strict=True):
        assert row[: len(e.prompt) - 1] == pytest.approx(told_one_by_one(e, offset, shares))
        assert not any(row[len(e.prompt) - 1 :])


def test_four_tokens_tell_apart_what_two_do_not() -> None:
    """A token a digit: to 215, past 315; and two entries of a list with the same number."""
    to_215 = Example([9, 2, 1, 5, 6, 7], [4, 3, 1, 5, 4, 2, 1, 5, 1], (9,))
    assert told_of(to_215, 0, [1.0] * 9)[4] == 0.5, "after two digits, one of two places"
    spaced = Example([9, 4, 2, 1, 5, 6, 7], [4, 3, 1, 5, 4, 2, 1, 5, 1], (9,))
    assert told_of(spaced, 0, [1.0] * 9)[5] == 1
    entries = Example([30, 4, 1, 2, 31, 5, 4, 1, 2, 32, 7], [4, 1, 2, 31, 5, 4, 1, 2, 32, 1], (10,))
    assert told_of(entries, 0, [1.0] * 10)[9] == 1
    assert told_of(entries, 0, [1.0] * 10)[4] == 0.5


def test_marks_are_alike_and_nothing_else(tokenizer: Tokenizer) -> None:
    same = alike(tokenizer)
    comma, semicolon, one, line, word = (tokenizer.encode(text)[0] for text in (",", ";", "1", "\n", "a"))
    assert same[comma] == same[semicolon]
    for other in (one, line, word, tokenizer.end_id):
        assert same[other] == other
    example = Example([9, 300, comma, 301, comma, 302, 7], [300, semicolon, 301, semicolon, 302, tokenizer.end_id], (6,))
    batch, lost = split_batch([example]), torch.ones(1, 6)
    assert not told(batch, 0, lost).any()
    assert told(batch, 0, lost, same)[0, 3] == told(batch, 0, lost, same)[0, 5] == 1
