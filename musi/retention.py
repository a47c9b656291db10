"""Statistics over verdicts: retention with its interval, the curve over distance, and the half-life.

All intervals are 95 % percentile intervals of a seeded bootstrap over items, the unit that was sampled: the stages of one item
share a prompt and a response, so they are drawn together. Arrays are over stages; N is their number, I the number of items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

BINS = (0, 25, 50, 100, 200, 400, 800)
RESAMPLES = 1_000
HALF_LIFE_RESAMPLES = 200
SEED = 20231102
MIN_DECAY = 1e-6  # per word: a half-life over 700,000 words counts as none

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """Verdicts on N stages: the item each belongs to, its distance in words, and whether it passed in the chain and alone."""

    item: NDArray[np.int64]  # (N,) 0…I-1
    distance: Floats  # (N,) words
    multi: Bools  # (N,)
    single: Bools  # (N,)

    @classmethod
    def of(cls, items: Sequence[Sequence[tuple[float, bool, bool]]]) -> "Outcomes":
        """From (distance, multi, single) of every stage of every item."""
        rows = [(i, *stage) for i, stages in enumerate(items) for stage in stages]
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        return cls(
            np.array(columns[0], dtype=np.int64),
            np.array(columns[1], dtype=np.float64),
            np.array(columns[2], dtype=np.bool_),
            np.array(columns[3], dtype=np.bool_),
        )

    def where(self, keep: Bools) -> "Outcomes":
        """The stages that `keep` (N,) selects, under the same item numbers."""
        return Outcomes(self.item[keep], self.distance[keep], self.multi[keep], self.single[keep])

    @property
    def n_items(self) -> int:
        return int(self.item.max()) + 1 if len(self.item) else 0


@dataclass(frozen=True)
class Estimate:
    """A ratio with its 95 % interval and standard error; `value` is None when its denominator is empty."""

    value: float | None
    low: float | None
    high: float | None
    stderr: float | None
    n: int


@dataclass(frozen=True)
class HalfLife:
    """Fit of P(multi | single, d) = r0 · 2^(-d / words). `words` is None when no decay is seen; so are the interval's ends."""

    words: float | None
    low: float | None
    high: float | None
    r0: float | None
    max_distance: float


def ratio(numerator: Floats, denominator: Floats, item: NDArray[np.int64], seed: int = SEED) -> Estimate:
    """Σ numerator / Σ denominator over stages (N,), with a bootstrap over items.

    Resamples whose denominator is empty are left out of the interval.
    """
    total = float(denominator.sum())
    if total == 0:
        return Estimate(None, None, None, None, 0)
    top = np.bincount(item, weights=numerator)  # (I,)
    bottom = np.bincount(item, weights=denominator)  # (I,)
    keep = np.unique(item)
    top, bottom = top[keep], bottom[keep]
    draws = _weights(len(keep), RESAMPLES, seed)  # (R, I)
    bottoms = draws @ bottom
    values = (draws @ top)[bottoms > 0] / bottoms[bottoms > 0]
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(float(numerator.sum()) / total, float(low), float(high), float(values.std(ddof=1)), int(total))


@lru_cache(maxsize=8)
def _weights(n_items: int, resamples: int, seed: int) -> Floats:
    """How often each item is drawn in each resample, (R, I)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(n_items, np.full(n_items, 1 / n_items), size=resamples).astype(np.float64)


def share(passed: Bools, item: NDArray[np.int64], seed: int = SEED) -> Estimate:
    """Share of stages (N,) that pass; missing stages are in it as failures."""
    return ratio(passed.astype(np.float64), np.ones(len(passed)), item, seed)


def retention(outcomes: Outcomes, seed: int = SEED) -> Estimate:
    """The headline: stages that pass in the chain, among those that pass alone."""
    both = (outcomes.multi & outcomes.single).astype(np.float64)
    return ratio(both, outcomes.single.astype(np.float64), outcomes.item, seed)


def curve(outcomes: Outcomes, seed: int = SEED) -> list[tuple[int, int, Estimate]]:
    """Retention in every distance bin [low, high) of `BINS` that holds stages."""
    rows = []
    for low, high in pairwise(BINS):
        inside = outcomes.where((outcomes.distance >= low) & (outcomes.distance < high))
        if len(inside.item):
            rows.append((low, high, retention(inside, seed)))
    return rows


def half_life(outcomes: Outcomes, seed: int = SEED) -> HalfLife:
    """Maximum-likelihood half-life over the stages that pass alone, with a bootstrap interval over items."""
    known = outcomes.where(outcomes.single)
    if not len(known.item) or not known.multi.any():
        return HalfLife(None, None, None, None, float(known.distance.max(initial=0)))
    multi = known.multi.astype(np.float64)
    r0, decay = _fit(known.distance, multi, np.ones(len(multi)))
    items, item = np.unique(known.item, return_inverse=True)
    weights = _weights(len(items), HALF_LIFE_RESAMPLES, seed)[:, item]  # (R, N)
    decays = np.array([_fit(known.distance, multi, row, (r0, decay))[1] for row in weights])
    slow, fast = np.quantile(decays, [0.025, 0.975])
    return HalfLife(_words(decay), _words(fast), _words(slow), r0, float(known.distance.max()))


def _words(decay: float) -> float | None:
    return None if decay < MIN_DECAY else float(np.log(2) / decay)


def _fit(distance: Floats, multi: Floats, weights: Floats, start: tuple[float, float] | None = None) -> tuple[float, float]:
    """(r0, decay per word) that maximise the weighted Bernoulli likelihood of `multi` (N,) given `distance` (N,)."""
    scale = max(float(distance.max()), 1.0)
    x = distance / scale

    def loss(theta: Floats) -> tuple[float, Floats]:
        r0, rate = theta
        p = np.clip(r0 * np.exp(-rate * x), 1e-12, 1 - 1e-9)
        log_likelihood = weights @ (multi * np.log(p) + (1 - multi) * np.log1p(-p))
        slope = weights * (multi / p - (1 - multi) / (1 - p))  # (N,)
        return -log_likelihood, -np.array([slope @ (p / r0), slope @ (-x * p)])

    first = (start[0], start[1] * scale) if start else (max(float(multi.mean()), 0.05), 0.5)
    # TNC: L-BFGS-B calls a threaded BLAS on vectors of two, ten times slower on a busy machine
    best = minimize(loss, first, jac=True, method="TNC", bounds=[(1e-6, 1.0), (0.0, 1e3)])
    return float(best.x[0]), float(best.x[1]) / scale
