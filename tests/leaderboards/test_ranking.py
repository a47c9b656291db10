"""Ties: entries that the items cannot tell apart share a rank."""

import numpy as np

from leaderboards.ranking import resampled_retention, tied_ranks


def entry(passed, n_items=200, n_stages=4, noise=0.0, seed=0):
    """Values of an entry that passes everything alone and a share of the stages in the chain."""
    rng = np.random.default_rng(seed)
    chain = np.random.default_rng(1).random((n_items, n_stages)) + noise * rng.normal(size=(n_items, n_stages)) < passed
    return [int(row.sum()) for row in chain], [n_stages] * n_items


def ranks(*entries):
    return tied_ranks(resampled_retention([kept for kept, _ in entries], [alone for _, alone in entries]))


def test_clear_differences_are_ranked_and_close_ones_tied():
    assert ranks(entry(0.9), entry(0.9, noise=0.01, seed=2), entry(0.5), entry(0.5, noise=0.01, seed=3)) == [1, 1, 3, 3]


def test_pairing_finds_a_small_difference_that_is_on_the_same_items():
    assert ranks(entry(0.55), entry(0.5)) == [1, 2]
    assert ranks(entry(0.55, noise=2, seed=4), entry(0.5, noise=2, seed=5)) == [1, 1]


def test_one_entry_and_none():
    assert ranks(entry(0.3)) == [1]
    assert ranks() == []
