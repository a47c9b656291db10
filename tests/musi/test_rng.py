"""The keyed stream: frozen numbers, independence of keys, and the properties of its draws."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musi.rng import Stream

KEYS = st.lists(st.one_of(st.text(), st.integers()), max_size=4)


def test_golden_draws():
    """Frozen: a change here changes every item of every release."""
    rng = Stream("golden", 1)
    assert [rng.randint(0, 999) for _ in range(8)] == [746, 563, 78, 728, 113, 413, 991, 241]
    assert rng.sample("abcdefghij", 5) == ["i", "g", "f", "h", "d"]
    assert rng.choice("xyz") == "z"
    assert rng.weighted({"a": 1, "b": 2, "c": 3}) == "c"
    assert rng.shuffle(range(6)) == [1, 3, 0, 5, 2, 4]
    assert rng.random() == 0.5437955169269478


@given(KEYS)
def test_same_key_same_draws(key):
    assert [Stream(*key).random() for _ in range(2)] == [Stream(*key).random()] * 2
    first, second = Stream(*key), Stream(*key)
    assert [first.below(1000) for _ in range(20)] == [second.below(1000) for _ in range(20)]


def test_adjacent_keys_share_no_draws():
    """`seed + index` makes neighbours share their items; hashed keys must not."""
    draws = [tuple(rng.below(1 << 30) for _ in range(4)) for rng in (Stream("r", "train", i) for i in range(2000))]
    assert len({value for row in draws for value in row}) > 4 * 2000 - 5


def test_adjacent_keys_are_uncorrelated():
    first = [Stream("r", "train", i).random() for i in range(4000)]
    mean = sum(first) / len(first)
    variance = sum((x - mean) ** 2 for x in first) / len(first)
    lag = sum((a - mean) * (b - mean) for a, b in pairwise(first)) / len(first) / variance
    assert abs(mean - 0.5) < 0.02
    assert abs(variance - 1 / 12) < 0.005
    assert abs(lag) < 0.06


@pytest.mark.parametrize(("one", "other"), [(("a", "bc"), ("ab", "c")), (("1", "23"), ("12", "3")), (("a",), ("a", ""))])
def test_parts_of_a_key_do_not_run_together(one, other):
    assert Stream(*one).random() != Stream(*other).random()


@given(KEYS, st.integers(-50, 50), st.integers(0, 50))
def test_randint_stays_inside(key, low, width):
    assert low <= Stream(*key).randint(low, low + width) <= low + width


def test_randint_reaches_both_ends():
    rng = Stream("ends")
    assert {rng.randint(3, 5) for _ in range(200)} == {3, 4, 5}


@given(KEYS, st.lists(st.integers(), max_size=30), st.data())
def test_sample_draws_different_members(key, options, data):
    count = data.draw(st.integers(0, len(options)))
    before = list(options)
    drawn = Stream(*key).sample(options, count)
    assert len(drawn) == count
    assert options == before
    for value in set(drawn):
        assert drawn.count(value) <= options.count(value)


@given(KEYS, st.lists(st.integers(), max_size=30))
def test_shuffle_is_a_permutation(key, options):
    assert sorted(Stream(*key).shuffle(options)) == sorted(options)


def test_shuffle_is_fair():
    """Every member comes to every place equally often."""
    counts = [[0] * 4 for _ in range(4)]
    for i in range(4000):
        for place, value in enumerate(Stream("fair", i).shuffle(range(4))):
            counts[place][value] += 1
    assert all(850 < count < 1150 for row in counts for count in row)


def test_sample_of_too_many_raises():
    with pytest.raises(ValueError, match="cannot draw 4 from 3"):
        Stream("x").sample("abc", 4)


def test_weighted_follows_its_weights():
    rng = Stream("weights")
    drawn = [rng.weighted({"rare": 0.1, "never": 0.0, "often": 0.9}) for _ in range(3000)]
    assert "never" not in drawn
    assert 0.07 < drawn.count("rare") / 3000 < 0.13


def test_chance_follows_its_probability():
    rng = Stream("chance")
    assert 0.27 < sum(rng.chance(0.3) for _ in range(3000)) / 3000 < 0.33


def test_items_do_not_depend_on_the_hash_seed():
    """Sets and dicts of strings iterate differently in every process; items must not."""
    code = "from musi.generate import build_item; print([build_item('test_ood', i).prompt for i in range(5)])"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(outputs) == 1
