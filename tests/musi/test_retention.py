"""Statistics over verdicts, against hand-computed cases, an independent bootstrap and simulated decay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from musi.retention import BINS, Estimate, Outcomes, curve, half_life, ratio, retention, share

CASE = Outcomes.of(
    [
        [(0, True, True), (10, False, True), (30, True, False)],
        [(0, True, False), (30, True, True), (120, False, False)],
    ]
)
VERDICTS = st.lists(
    st.lists(st.tuples(st.integers(0, 399), st.booleans(), st.booleans()), min_size=1, max_size=6), min_size=1, max_size=8
)


def simulated(n_items: int, r0: float, words: float | None, seed: int, single: float = 0.7) -> Outcomes:
    """Items of four stages whose chance to be kept halves every `words` words."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_items):
        distances = np.sort(rng.uniform(0, 400, 4))
        keep = r0 * (2 ** (-distances / words) if words else np.ones(4))
        rows.append(
            [(float(d), bool(rng.random() < p), bool(rng.random() < single)) for d, p in zip(distances, keep, strict=True)]
        )
    return Outcomes.of(rows)


def test_retention_by_hand():
    """Three stages pass alone, two of them in the chain; a stage that passes only in the chain does not count."""
    found = retention(CASE)
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 3


def test_share_by_hand():
    assert share(CASE.multi, CASE.item).value == pytest.approx(4 / 6)
    assert share(CASE.single, CASE.item).value == pytest.approx(3 / 6)
    assert share(CASE.single, CASE.item).n == 6


def test_curve_by_hand():
    rows = [(low, high, estimate.value, estimate.n) for low, high, estimate in curve(CASE)]
    assert rows == [(0, 25, 0.5, 2), (25, 50, 1.0, 1), (100, 200, None, 0)]


def test_bins_are_half_open():
    edges = Outcomes.of([[(float(edge), True, True) for edge in BINS[:-1]]])
    assert [(low, estimate.n) for low, _, estimate in curve(edges)] == [(edge, 1) for edge in BINS[:-1]]


@given(VERDICTS)
def test_retention_is_the_ratio_of_counts(rows):
    stages = [stage for row in rows for stage in row]
    single = sum(alone for _, _, alone in stages)
    both = sum(chain and alone for _, chain, alone in stages)
    found = retention(Outcomes.of(rows))
    if single:
        assert found.value == pytest.approx(both / single)
        assert 0 <= found.low <= found.high <= 1
        assert found.n == single
    else:
        assert found == Estimate(None, None, None, None, 0)


@given(VERDICTS)
def test_curve_covers_every_stage_once(rows):
    outcomes = Outcomes.of(rows)
    assert sum(estimate.n for _, _, estimate in curve(outcomes)) == outcomes.single.sum()


def test_interval_agrees_with_scipy():
    outcomes = simulated(150, 0.8, 150, seed=1)
    both = np.bincount(outcomes.item, weights=outcomes.multi & outcomes.single)
    single = np.bincount(outcomes.item, weights=outcomes.single)
    other = stats.bootstrap(
        (both, single),
        lambda top, bottom, axis=-1: top.sum(axis) / bottom.sum(axis),
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=np.random.default_rng(0),
    )
    found = retention(outcomes)
    assert found.low == pytest.approx(other.confidence_interval.low, abs=0.012)
    assert found.high == pytest.approx(other.confidence_interval.high, abs=0.012)
    assert found.stderr == pytest.approx(other.standard_error, rel=0.1)


def test_the_unit_of_the_bootstrap_is_the_item():
    """Ten identical stages of one item tell no more than one: the interval must not shrink."""
    rng = np.random.default_rng(5)
    passed = rng.random(60) < 0.6
    once = share(passed, np.arange(60))
    tenfold = share(np.repeat(passed, 10), np.repeat(np.arange(60), 10))
    assert tenfold.stderr == pytest.approx(once.stderr)
    assert once.stderr == pytest.approx(np.sqrt(0.6 * 0.4 / 60), rel=0.15)


def test_interval_covers_the_truth_as_often_as_promised():
    hits = 0
    for seed in range(100):
        found = retention(simulated(60, 0.6, None, seed))
        hits += found.low <= 0.6 <= found.high
    assert hits >= 87


def test_everything_is_deterministic():
    outcomes = simulated(50, 0.8, 100, seed=2)
    assert retention(outcomes) == retention(outcomes)
    assert half_life(outcomes) == half_life(outcomes)
    assert retention(outcomes, seed=1) != retention(outcomes, seed=2)


def test_the_order_of_items_does_not_move_the_value():
    rows = [[(0.0, bool(i % 3), bool(i % 2)), (9.0, bool(i % 5), True)] for i in range(30)]
    assert retention(Outcomes.of(rows)).value == retention(Outcomes.of(rows[::-1])).value


def test_items_without_any_known_stage_do_not_break_the_bootstrap():
    outcomes = Outcomes.of([[(0, True, True)], [(0, False, False)], [(0, False, False)]])
    found = retention(outcomes)
    assert (found.value, found.low, found.high, found.n) == (1.0, 1.0, 1.0, 1)


def test_ratio_of_gaps_in_the_numbering_of_items():
    """A selection of stages keeps its item numbers; missing items are not drawn as empty ones."""
    top, bottom = np.array([1.0, 0.0, 1.0, 1.0]), np.ones(4)
    assert ratio(top, bottom, np.array([0, 5, 9, 40])) == ratio(top, bottom, np.arange(4))


# --- undefined ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [[], [[]], [[(0, False, False), (5, True, False)]]])
def test_without_a_stage_that_passes_alone_everything_is_undefined(rows):
    outcomes = Outcomes.of(rows)
    assert retention(outcomes) == Estimate(None, None, None, None, 0)
    found = half_life(outcomes)
    assert (found.words, found.low, found.high, found.r0) == (None, None, None, None)


def test_a_model_that_keeps_nothing_has_retention_zero_and_no_half_life():
    outcomes = Outcomes.of([[(0, False, True), (50, False, True)]] * 5)
    assert retention(outcomes).value == 0
    assert half_life(outcomes).words is None
    assert half_life(outcomes).r0 is None


# --- half-life ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("r0", "words"), [(0.9, 60.0), (0.95, 150.0), (0.5, 100.0)])
def test_half_life_is_recovered_from_simulated_decay(r0, words):
    found = half_life(simulated(1000, r0, words, seed=7))
    assert found.words == pytest.approx(words, rel=0.15)
    assert found.r0 == pytest.approx(r0, abs=0.05)
    assert found.low < words < found.high


def test_half_life_maximises_the_likelihood():
    """No grid point is likelier than the fit."""
    outcomes = simulated(200, 0.9, 80, seed=3)
    known = outcomes.where(outcomes.single)

    def log_likelihood(r0, words):
        p = np.clip(r0 * 2 ** (-known.distance / words), 1e-12, 1 - 1e-9)
        return np.where(known.multi, np.log(p), np.log1p(-p)).sum()

    found = half_life(outcomes)
    best = max(log_likelihood(r0, words) for r0 in np.linspace(0.5, 1, 51) for words in np.geomspace(20, 400, 80))
    assert log_likelihood(found.r0, found.words) >= best - 1e-3


def test_no_decay_gives_no_half_life():
    found = half_life(Outcomes.of([[(float(d), True, True) for d in (0, 100, 200, 300)]] * 20))
    assert found.words is None
    assert found.r0 == pytest.approx(1, abs=1e-3)
    assert found.max_distance == 300


def test_growing_retention_counts_as_no_decay():
    assert half_life(Outcomes.of([[(0.0, False, True), (100.0, True, True), (300.0, True, True)]] * 20)).words is None


def test_interval_of_the_half_life_holds_its_value():
    for seed in range(3):
        found = half_life(simulated(40, 0.9, 120, seed))
        assert found.low <= found.words
        assert found.high is None or found.words <= found.high


def test_all_at_distance_zero():
    found = half_life(Outcomes.of([[(0.0, True, True)], [(0.0, False, True)]]))
    assert found.max_distance == 0
    assert found.words is None or found.words > 0


@settings(max_examples=25)
@given(VERDICTS)
def test_half_life_never_raises(rows):
    found = half_life(Outcomes.of(rows[:3]))
    assert found.words is None or found.words > 0
    assert found.r0 is None or 0 < found.r0 <= 1
