"""Ranks with ties: two entries share a rank unless a paired bootstrap over the same items tells them apart."""

import functools
from collections.abc import Sequence

import numpy as np

from musi.retention import RESAMPLES, SEED, Floats


@functools.lru_cache(maxsize=4)
def _draws(n_items: int) -> Floats:
    """How often each item is drawn in each resample, (R, I); the same for every entry."""
    rng = np.random.default_rng(SEED)
    return rng.multinomial(n_items, np.full(n_items, 1 / n_items), size=RESAMPLES).astype(np.float64)


def resampled_retention(kept: Sequence[Sequence[int]], alone: Sequence[Sequence[int]]) -> Floats:
    """Retention of each of E entries in each of R resamples of the items, (E, R), from the stages of each item right in both and
    right alone, (E, I).

    NaN where nothing passes alone.
    """
    if not kept:
        return np.empty((0, RESAMPLES))
    draws = _draws(len(kept[0]))
    with np.errstate(invalid="ignore"):
        found: Floats = (np.array(kept, dtype=np.float64) @ draws.T) / (np.array(alone, dtype=np.float64) @ draws.T)
    return found


def tied_ranks(resampled: Floats) -> list[int]:
    """Ranks of entries that stand in falling order of retention, each given as resamples, (E, R).

    An entry shares the rank of the best entry of its group as long as the 95 % interval of their difference holds zero:

        retention   0.91 ± 0.03   0.89 ± 0.03   0.62 ± 0.04   0.60 ± 0.04
        rank             1             1             3             3
    """
    ranks: list[int] = []
    leader = 0
    for position, entry in enumerate(resampled):
        low, high = np.nanquantile(resampled[leader] - entry, [0.025, 0.975])
        if not low <= 0 <= high:
            leader = position
        ranks.append(leader + 1)
    return ranks
