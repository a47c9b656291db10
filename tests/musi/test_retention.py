"""Statistics over verdicts, against hand-computed cases, scipy, statsmodels and simulated decay."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from musi.retention import (
    BINS,
    Estimate,
    Outcomes,
    adjusted_retention,
    consistency,
    curve,
    half_life,
    proportion,
    ratio,
    retention,
    share,
    wilson,
)

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


# --- intervals, against other people's code ------------------------------------------------------------------------------------


def test_interval_agrees_with_scipys_bootstrap():
    outcomes = simulated(150, 0.8, 150, seed=1)
    both = np.bincount(outcomes.item, weights=outcomes.multi & outcomes.single)
    single = np.bincount(outcomes.item, weights=outcomes.single)
    other = stats.bootstrap(
        (both, single),
        lambda top, bottom, axis=-1: top.sum(axis) / bottom.sum(axis),
        paired=True,
        method="BCa",
        n_resamples=5000,
        rng=np.random.default_rng(0),
    )
    found = retention(outcomes)
    assert found.low == pytest.approx(other.confidence_interval.low, abs=0.008)
    assert found.high == pytest.approx(other.confidence_interval.high, abs=0.008)
    assert found.stderr == pytest.approx(other.standard_error, rel=0.05)


def test_standard_error_is_that_of_statsmodels_over_clusters():
    outcomes = simulated(80, 0.8, 150, seed=4)
    known = outcomes.where(outcomes.single)
    fit = sm.OLS(known.multi.astype(float), np.ones(len(known.multi))).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(known.item, return_inverse=True)[1]}
    )
    found = retention(outcomes)
    assert found.value == pytest.approx(fit.params[0])
    assert found.stderr == pytest.approx(fit.bse[0])


@pytest.mark.parametrize(("p", "size"), [(0.3, 40.0), (0.0, 25.0), (1.0, 25.0), (0.98, 60.0)])
def test_wilson_is_that_of_statsmodels(p, size):
    low, high = proportion_confint(p * size, size, method="wilson")
    assert wilson(p, size, stats.norm.ppf(0.975)) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.filterwarnings("ignore:The Log link function")
def test_half_life_agrees_with_a_binomial_regression_of_statsmodels():
    """With a log link its intercept is log r0 and its slope minus the decay; its interval over clusters is Wald's."""
    outcomes = simulated(400, 0.8, 120, seed=6)
    known = outcomes.where(outcomes.single)
    model = sm.GLM(
        known.multi.astype(float), sm.add_constant(-known.distance), family=sm.families.Binomial(sm.families.links.Log())
    )
    fit = model.fit(start_params=[-0.4, 0.005], cov_type="cluster", cov_kwds={"groups": known.item})
    found = half_life(outcomes)
    assert found.r0 == pytest.approx(np.exp(fit.params[0]), rel=1e-3)
    assert found.words == pytest.approx(np.log(2) / fit.params[1], rel=1e-3)
    slow, fast = fit.conf_int()[1]
    assert found.low == pytest.approx(np.log(2) / fast, rel=0.03)
    assert found.high == pytest.approx(np.log(2) / slow, rel=0.03)


def test_nothing_kept_still_has_a_bound():
    """None of 30 independent stages: the rule of three gives 10 %, Wilson's bound a little more; never 0 to 0."""
    found = share(np.zeros(30, dtype=bool), np.arange(30))
    assert (found.value, found.low) == (0, 0)
    assert 3 / 30 < found.high < 5 / 30
    kept = share(np.ones(30, dtype=bool), np.arange(30))
    assert (kept.value, kept.high) == (1, 1)
    assert kept.low == pytest.approx(1 - found.high)


def test_at_the_edge_the_stages_of_an_item_count_as_one():
    once = share(np.zeros(30, dtype=bool), np.arange(30))
    tenfold = share(np.zeros(300, dtype=bool), np.repeat(np.arange(30), 10))
    assert tenfold.high == pytest.approx(once.high)


def test_the_effective_sample_is_no_larger_than_the_sample():
    """Half right in every item: a standard error of zero is no certainty."""
    found = share(np.tile([True, False], 20), np.repeat(np.arange(20), 2))
    assert found.stderr == 0
    assert found.low < 0.37
    assert found.high > 0.63


def test_one_item_tells_next_to_nothing():
    found = share(np.array([True, True, False]), np.zeros(3, dtype=int))
    assert (found.low, found.high, found.stderr) == (0, 1, None)
    assert half_life(Outcomes.of([[(0, True, True), (50, False, True)]])).high is None


def test_a_difference_has_a_symmetric_interval_that_may_be_negative():
    top, bottom = np.array([-1.0, 0.5, 0.2, -0.4]), np.array([2.0, 2.0, 4.0, 2.0])
    found = ratio(top, bottom, np.arange(4))
    assert found.value == pytest.approx(-0.07)
    assert found.low < 0 < found.high
    assert found.high - found.value == pytest.approx(found.value - found.low)


@pytest.mark.parametrize(("r0", "words", "single"), [(0.6, None, 0.7), (0.02, None, 0.3), (0.99, None, 0.9)])
def test_interval_covers_the_truth_as_often_as_promised(r0, words, single):
    hits = 0
    for seed in range(200):
        found = retention(simulated(60, r0, words, seed, single))
        hits += found.low <= r0 <= found.high
    assert hits >= 180


def test_the_benchmark_gives_its_two_figures_and_leaves_the_standard_librarys_module_alone():
    script = Path(__file__).parents[2] / "benchmarks" / "statistics.py"
    done = subprocess.run(
        [sys.executable, str(script), "--json", "--simulations", "5"], capture_output=True, text=True, check=True
    )
    data = json.loads(done.stdout)
    assert 0.7 < data["retention_coverage"] <= 1
    assert 0.7 < data["half_life_coverage"] <= 1
    code = "import statistics; print(statistics.median([1, 2, 9]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=script.parent)
    assert done.stdout == "2\n", done.stderr


# --- noise is not forgetting ---------------------------------------------------------------------------------------------------

NOISE = Outcomes.of(
    [
        [(0, True, True, True), (5, False, True, True), (9, True, False, True)],
        [(0, True, True, False), (4, False, False, True), (8, False, True, True)],
    ]
)


def test_consistency_and_adjusted_retention_by_hand():
    """Four pass alone, three of them also in another phrasing; of the five that pass there, two pass in the chain."""
    assert consistency(NOISE).value == pytest.approx(3 / 4)
    assert retention(NOISE).value == pytest.approx(2 / 4)
    assert adjusted_retention(NOISE).value == pytest.approx(2 / 3)


@pytest.mark.parametrize("shared", [False, True])
def test_a_model_that_is_right_at_random_forgets_nothing(shared):
    """Right 70 % of the time, whether the luck is in the phrasing, which chain and single share, or in every response."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(3000):
        single = rng.random() < 0.7
        multi = single if shared else rng.random() < 0.7
        rows.append([(0.0, bool(multi), bool(single), bool(rng.random() < 0.7))])
    outcomes = Outcomes.of(rows)
    adjusted = adjusted_retention(outcomes)
    assert consistency(outcomes).value == pytest.approx(0.7, abs=0.03)
    assert adjusted.low <= 1 <= adjusted.high
    assert adjusted.value == pytest.approx(1, abs=0.04)
    divided = retention(outcomes).value / consistency(outcomes).value
    assert divided == pytest.approx(1 / 0.7 if shared else 1, abs=0.06)


def test_adjusted_retention_of_a_model_that_keeps_nothing_has_a_bound():
    found = adjusted_retention(Outcomes.of([[(0, False, True, True)]] * 40))
    assert (found.value, found.low) == (0, 0)
    assert 3 / 40 < found.high < 6 / 40


def test_adjusted_retention_is_undefined_without_ability():
    assert adjusted_retention(Outcomes.of([[(0, True, False, True)], [(0, False, True, False)]])).value is None


# --- the unit ------------------------------------------------------------------------------------------------------------------


def test_the_unit_is_the_item():
    """Ten identical stages of one item tell no more than one: the interval must not shrink."""
    rng = np.random.default_rng(5)
    passed = rng.random(60) < 0.6
    once = share(passed, np.arange(60))
    tenfold = share(np.repeat(passed, 10), np.repeat(np.arange(60), 10))
    assert tenfold.stderr == pytest.approx(once.stderr)
    assert once.stderr == pytest.approx(np.sqrt(0.6 * 0.4 / 60), rel=0.15)


def test_everything_is_deterministic():
    outcomes = simulated(50, 0.8, 100, seed=2)
    assert retention(outcomes) == retention(outcomes)
    assert half_life(outcomes) == half_life(outcomes)


def test_the_order_of_items_moves_nothing():
    """As it did in a bootstrap: lm-eval on two processes gives the items in another order."""
    rows = [[(0.0, bool(i % 3), bool(i % 2)), (9.0, bool(i % 5), True)] for i in range(30)]
    for measure in (retention, half_life):
        one, other = measure(Outcomes.of(rows)), measure(Outcomes.of(rows[::-1]))
        numbers = [[value or 0.0 for value in vars(found).values()] for found in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)


def test_items_without_any_known_stage_count_for_nothing():
    rows = [[(0, True, True)], [(0, False, True)], [(0, True, True)]]
    assert retention(Outcomes.of([*rows, [(0, True, False)], [(0, False, False)]])) == retention(Outcomes.of(rows))


def test_ratio_of_gaps_in_the_numbering_of_items():
    """A selection of stages keeps its item numbers; missing items are not drawn as empty ones."""
    top, bottom = np.array([1.0, 0.0, 1.0, 1.0]), np.ones(4)
    for estimate in (ratio, proportion):
        assert estimate(top, bottom, np.array([0, 5, 9, 40])) == estimate(top, bottom, np.arange(4))


# --- undefined -----------------------------------------------------------------------------------------------------------------


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


# --- half-life -----------------------------------------------------------------------------------------------------------------


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


def test_one_item_has_a_half_life_and_no_bounds_of_it():
    found = half_life(Outcomes.of([[(0, True, True), (50, True, True), (100, False, True), (200, False, True)]]))
    assert found.words is not None
    assert (found.low, found.high) == (0.0, None)
