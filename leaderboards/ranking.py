"""Ranks with ties: two entries share a rank unless a paired bootstrap over the same items tells them apart."""

from collections.abc import Sequence

import numpy as np

from musi.metrics import Values
from musi.retention import RESAMPLES, SEED, Floats


def resampled_retention(values: Sequence[Values]) -> Floats:
    """Retention in each of R resamples of the items, (R,); the same draws for every entry, NaN where nothing passes alone."""
    multi_and_single = np.array([sum(m and s for m, s in row["retention"]) for row in values], dtype=np.float64)  # (I,)
    single = np.array([sum(s for _, s in row["retention"]) for row in values], dtype=np.float64)  # (I,)
    n_items = len(values)
    draws = np.random.default_rng(SEED).multinomial(n_items, np.full(n_items, 1 / n_items), size=RESAMPLES)  # (R, I)
    with np.errstate(invalid="ignore"):
        return (draws @ multi_and_single) / (draws @ single)


def tied_ranks(resampled: Sequence[Floats]) -> list[int]:
    """Ranks of entries that stand in falling order of retention, each given as resamples (R,).

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
