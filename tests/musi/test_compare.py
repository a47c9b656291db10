"""Differences between models, against scipy's bootstrap and hand-computed tests."""

import numpy as np
import pytest
from scipy import stats

from musi.compare import compare


def verdicts(n_items, kept, seed, able=0.8):
    rng = np.random.default_rng(seed)
    rows = {}
    for i in range(n_items):
        single = rng.random(4) < able
        rows[f"item-{i:03d}"] = [(bool(s and rng.random() < kept), bool(s)) for s in single]
    return rows


def test_interval_agrees_with_scipys_paired_bootstrap():
    models = {"a": verdicts(150, 0.8, 1), "b": verdicts(150, 0.6, 2)}
    (found,) = compare(models)
    sums = [
        np.array([sum(stage[column] for stage in model[item]) for item in sorted(model)])
        for model in models.values()
        for column in (0, 1)
    ]
    other = stats.bootstrap(
        sums,
        lambda a, b, c, d, axis=-1: a.sum(axis) / b.sum(axis) - c.sum(axis) / d.sum(axis),
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=np.random.default_rng(0),
    )
    assert found["low"] == pytest.approx(other.confidence_interval.low, abs=0.012)
    assert found["high"] == pytest.approx(other.confidence_interval.high, abs=0.012)


def test_mcnemar_by_hand_and_holm_over_all_pairs():
    """a and b differ on 6 stages of which a keeps 6: p = 2 / 2^6; three pairs, so Holm triples the smallest."""
    stages = [(True, True)] * 6 + [(True, True)] * 4
    models = {
        "a": {"x": stages, "y": [(True, True), (True, False)]},
        "b": {"x": [(False, True)] * 6 + [(True, True)] * 4, "y": [(True, True), (False, True)]},
        "c": {"x": stages, "y": [(True, True), (True, False)]},
    }
    found = {(row["first"], row["second"]): row for row in compare(models)}
    assert found["a", "b"]["only_first"] == 6
    assert found["a", "b"]["only_second"] == 0
    assert found["a", "b"]["p"] == pytest.approx(2 / 64)
    assert found["a", "b"]["p_holm"] == pytest.approx(3 * 2 / 64)
    assert found["a", "c"]["p"] == found["a", "c"]["p_holm"] == 1
    assert (found["a", "c"]["value"], found["a", "c"]["low"], found["a", "c"]["high"]) == (0, 0, 0)


def test_the_order_of_items_and_items_of_one_model_alone_change_nothing():
    a, b = verdicts(60, 0.8, 1), verdicts(60, 0.6, 2)
    turned = {"a": dict(reversed(a.items())), "b": b | {"item-999": [(False, True)]}}
    assert compare(turned) == compare({"a": a, "b": b})


def test_models_of_equal_memory_differ_as_seldom_as_promised():
    """About one in twenty intervals leaves zero out."""
    misses = 0
    for seed in range(60):
        (found,) = compare({"a": verdicts(60, 0.6, 2 * seed), "b": verdicts(60, 0.6, 2 * seed + 1)})
        misses += not found["low"] <= 0 <= found["high"]
    assert misses <= 9


def test_nothing_shared_is_no_comparison_and_no_ability_no_difference():
    a = verdicts(5, 0.8, 1)
    assert compare({"a": a, "b": {"other": [(True, True)]}}) == []
    one = {"item": [(True, True), (False, True)]}
    (found,) = compare({"a": one, "b": one})
    assert (found["value"], found["low"], found["high"]) == (0.0, None, None)
    (found,) = compare({"a": a, "b": {item: [(False, False)] * 4 for item in a}})
    assert (found["value"], found["p_holm"]) == (None, 1.0)
