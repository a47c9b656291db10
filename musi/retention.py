"""Statistics over verdicts: retention with its interval, the curve over distance, and the half-life.

Items are the unit that was sampled: the stages of one item share a prompt and a response, so they count as one cluster. Nothing
here is drawn at random, and the order of items moves nothing: standard errors are linearised over items (Taylor series with
G/(G - 1), the estimator of survey samples), the interval of a proportion is Wilson's at the sample size that this standard
error amounts to, and the half-life has the profile likelihood, scaled by how much the items widen it (a sandwich). All
intervals are at 95 %; `benchmarks/statistics.py` measures how often they hold the truth. Arrays are over stages; N is their
number, G that of items.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

BINS = (0, 25, 50, 100, 200, 400, 800)
LEVEL = 0.95
RESAMPLES = 1_000  # of paired comparisons, the one place where items are drawn
SEED = 20231102
MIN_DECAY = 1e-6  # per word: a half-life over 700,000 words counts as none
MAX_DECAY = 5.0  # per word: a half-life of a seventh of a word

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Outcomes:
    """Verdicts on N stages: the item each belongs to, its distance in words, and whether it passed in the chain, alone, and alone
    in another phrasing (where that was asked)."""

    item: Ints  # (N,) 0…I-1
    distance: Floats  # (N,) words
    multi: Bools  # (N,)
    single: Bools  # (N,)
    again: Bools | None = None  # (N,)

    @classmethod
    def of(cls, items: Sequence[Sequence[tuple[float, ...]]]) -> "Outcomes":
        """From (distance, multi, single) or (distance, multi, single, again) of every stage of every item."""
        rows = [(i, *stage) for i, stages in enumerate(items) for stage in stages]
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        return cls(
            np.array(columns[0], dtype=np.int64),
            np.array(columns[1], dtype=np.float64),
            *(np.array(column, dtype=np.bool_) for column in columns[2:]),
        )

    def where(self, keep: Bools) -> "Outcomes":
        """The stages that `keep` (N,) selects, under the same item numbers."""
        again = None if self.again is None else self.again[keep]
        return Outcomes(self.item[keep], self.distance[keep], self.multi[keep], self.single[keep], again)

    @property
    def n_items(self) -> int:
        return int(self.item.max()) + 1 if len(self.item) else 0


@dataclass(frozen=True)
class Estimate:
    """A ratio with its 95 % interval and standard error, over a denominator of `n`.

    `value` is None when the denominator is empty. One item alone gives no standard error: it is None then.
    """

    value: float | None
    low: float | None
    high: float | None
    stderr: float | None
    n: int


UNDEFINED = Estimate(None, None, None, None, 0)


@dataclass(frozen=True)
class HalfLife:
    """Fit of P(multi | single, d) = r0 · 2^(-d / words). `words` is None when no decay is seen; so are the interval's ends."""

    words: float | None
    low: float | None
    high: float | None
    r0: float | None
    max_distance: float


def ratio(numerator: Floats, denominator: Floats, item: Ints) -> Estimate:
    """Σ numerator / Σ denominator over stages (N,), with an interval of Student's t."""
    found = _linearised(numerator, denominator, item)
    if found is None:
        return UNDEFINED
    value, stderr, bottom = found
    if stderr is None:
        return Estimate(value, None, None, None, round(bottom.sum()))
    reach = _quantile(len(bottom)) * stderr
    return Estimate(value, value - reach, value + reach, stderr, round(bottom.sum()))


def proportion(part: Floats, whole: Floats, item: Ints) -> Estimate:
    """Σ part / Σ whole over stages (N,) where 0 ≤ part ≤ whole, with Wilson's interval at the effective sample size.

    That size is p(1 - p) / stderr², no more than Σ whole. Where all or nothing passes, the data do not show how alike the stages
    of an item are: they count as wholly alike, and the interval is the bound that so many independent items would give.
    """
    found = _linearised(part, whole, item)
    if found is None:
        return UNDEFINED
    p, stderr, bottom = found
    total = float(bottom.sum())
    if stderr is None:
        return Estimate(p, 0.0, 1.0, None, round(total))
    size = total**2 / float(bottom @ bottom)
    if 0 < p < 1:
        size = min(p * (1 - p) / stderr**2, total) if stderr else total
    low, high = wilson(p, size, _quantile(len(bottom)))
    return Estimate(p, low, high, stderr, round(total))


def wilson(p: float, size: float, z: float) -> tuple[float, float]:
    """Wilson's score interval of a proportion `p` seen in `size` trials, at `z` standard errors."""
    centre = (p + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z * np.sqrt(p * (1 - p) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    return max(0.0, float(centre - reach)) if p > 0 else 0.0, min(1.0, float(centre + reach)) if p < 1 else 1.0


def _quantile(n_items: int) -> float:
    from scipy.stats import t as student  # half a second, which who only reads a board need not wait

    return float(student.ppf((1 + LEVEL) / 2, n_items - 1))


def _linearised(numerator: Floats, denominator: Floats, item: Ints) -> tuple[float, float | None, Floats] | None:
    """(ratio, its standard error over items, denominators of the G items that say anything), or None without any."""
    top, bottom = (np.bincount(item, weights=each) for each in (numerator, denominator))  # (I,)
    top, bottom = top[(top != 0) | (bottom != 0)], bottom[(top != 0) | (bottom != 0)]  # (G,)
    if not bottom.any():
        return None
    total, n_items = float(bottom.sum()), len(bottom)
    value = float(top.sum()) / total
    if n_items == 1:
        return value, None, bottom
    residual = top - value * bottom
    return value, float(np.sqrt(n_items / (n_items - 1) * (residual @ residual)) / total), bottom


def share(passed: Bools, item: Ints) -> Estimate:
    """Share of stages (N,) that pass; missing stages are in it as failures."""
    return proportion(passed.astype(np.float64), np.ones(len(passed)), item)


def retention(outcomes: Outcomes) -> Estimate:
    """The headline: stages that pass in the chain, among those that pass alone."""
    both = (outcomes.multi & outcomes.single).astype(np.float64)
    return proportion(both, outcomes.single.astype(np.float64), outcomes.item)


def consistency(outcomes: Outcomes) -> Estimate:
    """Stages that pass alone in another phrasing too, among those that pass alone: retention of a model that forgets nothing."""
    assert outcomes.again is not None
    both = (outcomes.single & outcomes.again).astype(np.float64)
    return proportion(both, outcomes.single.astype(np.float64), outcomes.item)


def adjusted_retention(outcomes: Outcomes) -> Estimate:
    """Retention without the noise of ability: passes in the chain per pass alone, over stages that pass in another phrasing.

    Σ (multi ∧ again) / Σ (single ∧ again). Both stand under the same condition, which is met or not independently of either
    response, so that luck in one of them does not look like forgetting (docs/validity.md). It may exceed 1. The interval is
    Student's t on the logarithm; at 0, the upper end of P(multi | again) over P(single | again).
    """
    assert outcomes.again is not None
    multi, single, again = (each.astype(np.float64) for each in (outcomes.multi, outcomes.single, outcomes.again))
    found = ratio(multi * again, single * again, outcomes.item)
    if found.value is None or found.stderr is None:
        return found
    if found.value == 0:
        able = proportion(single * again, again, outcomes.item).value or 1.0
        high = proportion(multi * again, again, outcomes.item).high
        return Estimate(0.0, 0.0, None if high is None else high / able, found.stderr, found.n)
    items = len(np.unique(outcomes.item[(outcomes.multi | outcomes.single) & outcomes.again]))
    reach = float(np.exp(_quantile(items) * found.stderr / found.value))
    return Estimate(found.value, found.value / reach, found.value * reach, found.stderr, found.n)


def curve(outcomes: Outcomes, measure: Callable[[Outcomes], Estimate] = retention) -> list[tuple[int, int, Estimate]]:
    """Retention (or another measure) in every bin [low, high) of `BINS` that holds stages; the last one is open upwards."""
    rows = []
    for low, high in pairwise(BINS):
        below = np.inf if high == BINS[-1] else high
        inside = outcomes.where((outcomes.distance >= low) & (outcomes.distance < below))
        if len(inside.item):
            rows.append((low, high, measure(inside)))
    return rows


def half_life(outcomes: Outcomes) -> HalfLife:
    """Maximum-likelihood half-life over the stages that pass alone, with its profile-likelihood interval."""
    known = outcomes.where(outcomes.single)
    longest = float(known.distance.max(initial=0))
    if not known.multi.any():
        return HalfLife(None, None, None, None, longest)
    profile = _Profile(known.distance, known.multi)
    decay = profile.best_decay()
    r0 = float(profile.r0(np.array([decay]))[0])
    n_items = len(np.unique(known.item))
    if n_items == 1 or longest == 0:
        return HalfLife(_words(decay), 0.0, None, r0, longest)
    drop = _quantile(n_items) ** 2 * _widening(known, r0, decay) / 2
    slow, fast = profile.interval(decay, drop)
    return HalfLife(_words(decay), _words(fast), _words(slow), r0, longest)


def _words(decay: float) -> float | None:
    return None if decay < MIN_DECAY else float(np.log(2) / decay)


class _Profile:
    """The log-likelihood of a decay per word, with r0 chosen best for it. Stages of equal distance are counted together."""

    def __init__(self, distance: Floats, multi: Bools) -> None:
        self.distance, place = np.unique(distance, return_inverse=True)  # (U,)
        self.kept = np.bincount(place, weights=multi)  # (U,)
        self.lost = np.bincount(place, weights=~multi)  # (U,)
        self.grid = np.concatenate([[0.0], np.geomspace(MIN_DECAY, MAX_DECAY, 120)])

    def r0(self, decay: Floats) -> Floats:
        """The best r0 in (0, 1] for each decay (K,): where the score, Σ kept / r0 - Σ lost q / (1 - r0 q), changes its sign."""
        q = np.exp(-decay[:, None] * self.distance)  # (K, U)
        low, high = np.zeros(len(decay)), np.ones(len(decay))
        for _ in range(40):
            middle = (low + high) / 2
            rising = self.kept.sum() > middle * ((self.lost * q) / (1 - middle[:, None] * q)).sum(1)
            low, high = np.where(rising, middle, low), np.where(rising, high, middle)
        return high

    def __call__(self, decay: Floats) -> Floats:
        """Log-likelihood of each decay (K,)."""
        p = self.r0(decay)[:, None] * np.exp(-decay[:, None] * self.distance)  # (K, U)
        return np.log(np.clip(p, 1e-300, None)) @ self.kept + np.log1p(-np.clip(p, None, 1 - 1e-12)) @ self.lost

    def at(self, decay: float) -> float:
        return float(self(np.array([decay]))[0])

    def best_decay(self) -> float:
        """The likeliest decay, 0 when none is likelier than standing still."""
        from scipy.optimize import minimize_scalar

        values = self(self.grid)
        top = int(values.argmax())
        bounds = self.grid[max(top - 1, 0)], self.grid[min(top + 1, len(self.grid) - 1)]
        found = minimize_scalar(lambda decay: -self.at(decay), bounds=bounds, method="bounded", options={"xatol": 1e-9})
        return float(found.x) if -found.fun > values[0] + 1e-9 and found.x > MIN_DECAY else 0.0

    def interval(self, best: float, drop: float) -> tuple[float, float]:
        """The decays around `best` whose log-likelihood is at most `drop` lower."""
        from scipy.optimize import brentq

        floor = self.at(best) - drop
        excess: Callable[[float], float] = lambda decay: self.at(decay) - floor  # noqa: E731
        above = self(self.grid) > floor
        inside = above | (self.grid == self.grid[np.abs(self.grid - best).argmin()])
        first, last = int(np.flatnonzero(inside)[0]), int(np.flatnonzero(inside)[-1])
        slow, fast = 0.0, MAX_DECAY
        if first > 0 or excess(0.0) < 0:
            slow = float(brentq(excess, self.grid[max(first - 1, 0)], best))
        if last < len(self.grid) - 1:
            fast = float(brentq(excess, best, self.grid[last + 1]))
        return slow, fast


def _widening(known: Outcomes, r0: float, decay: float) -> float:
    """How many times larger the variance of the decay is over items than over independent stages: sandwich over bread."""
    q = np.exp(-decay * known.distance)
    p = np.clip(r0 * q, 1e-9, 1 - 1e-9)
    slopes = np.stack([q, -known.distance * p], axis=1)  # (N, 2) of p by r0 and by the decay
    if r0 > 1 - 1e-6:
        slopes = slopes[:, 1:]  # r0 stands at its bound and does not move
    bread = slopes.T @ (slopes / (p * (1 - p))[:, None])
    scores = slopes * ((known.multi - p) / (p * (1 - p)))[:, None]
    _, item = np.unique(known.item, return_inverse=True)
    by_item = np.stack([np.bincount(item, weights=column) for column in scores.T], axis=1)  # (G, 1 or 2)
    n_items = len(by_item)
    inverse = np.linalg.pinv(bread)
    sandwich = inverse @ (by_item.T @ by_item * n_items / (n_items - 1)) @ inverse
    return float(sandwich[-1, -1] / inverse[-1, -1]) if inverse[-1, -1] > 0 and sandwich[-1, -1] > 0 else 1.0
