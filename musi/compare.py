"""Two models on the same items: is the difference in retention more than chance?

The interval of the difference is a paired percentile bootstrap over items (`SEED`, `RESAMPLES`): both models get the same draws,
and items stand in the order of their ids, so that it depends on nothing else. Beside it McNemar's exact test on the stages that
both pass alone (which takes stages for independent, so that it errs towards small p), its p-values adjusted by Holm for the
number of pairs; both are statsmodels'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from musi.retention import LEVEL, RESAMPLES, SEED, Floats

Verdicts = Mapping[str, Sequence[tuple[bool, ...]]]  # item id → (passed in the chain, passed alone, …) of every stage
Ratio = tuple[Floats, Floats]  # numerators and denominators of the items, (I,) each


@dataclass(frozen=True)
class Difference:
    """Retention of `first` less that of `second`, on `items` items; McNemar on the stages that both pass alone."""

    first: str
    second: str
    items: int
    value: float | None
    low: float | None
    high: float | None
    only_first: int
    only_second: int
    p: float
    p_holm: float


def compare(models: Mapping[str, Verdicts]) -> list[dict[str, Any]]:
    """The difference of every pair of models that share items, in the order given."""
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests

    found = []
    for first, second in combinations(models, 2):
        shared = sorted(models[first].keys() & models[second].keys())
        if not shared:
            continue
        gap = paired(*(_sums(models[name], shared) for name in (first, second)))
        table = _discordant(models[first], models[second], shared)
        p = float(mcnemar([[0, table[0]], [table[1], 0]], exact=True).pvalue) if any(table) else 1.0
        found.append(Difference(first, second, len(shared), gap["value"], gap["low"], gap["high"], *table, p, p))
    if len(found) > 1:  # one has nothing to be adjusted for, and to ask takes a pass over all of Python's memory
        adjusted = multipletests([each.p for each in found], method="holm")[1]
        found = [replace(each, p_holm=float(p)) for each, p in zip(found, adjusted, strict=True)]
    return [asdict(each) for each in found]


def _sums(verdicts: Verdicts, items: Sequence[str]) -> Ratio:
    """(kept and right alone, right alone) of each item, two of (I,)."""
    both = [[stage[0] and stage[1] for stage in verdicts[item]] for item in items]
    single = [[stage[1] for stage in verdicts[item]] for item in items]
    return np.array([sum(each) for each in both], float), np.array([sum(each) for each in single], float)


def paired(ours: Ratio, theirs: Ratio) -> dict[str, float | None]:
    """Difference of two ratios Σ numerator / Σ denominator over the same items, (I,) each: `value`, and `low` and `high` of its
    95 % bootstrap interval; None where either is undefined. The same resamples of the items are drawn for both."""
    return contrast((1, ours), (-1, theirs))


def contrast(*terms: tuple[int, Ratio]) -> dict[str, float | None]:
    """The same of a sum of several ratios, each times a factor. One item has no interval."""
    if not all(below.sum() for _, (_, below) in terms):
        return dict.fromkeys(("value", "low", "high"))
    value = float(sum(factor * above.sum() / below.sum() for factor, (above, below) in terms))
    n = len(terms[0][1][0])
    if n == 1:
        return {"value": value, "low": None, "high": None}
    draws = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)  # (R, I)
    with np.errstate(invalid="ignore"):
        resampled = sum(factor * (draws @ above) / (draws @ below) for factor, (above, below) in terms)
    low, high = np.nanquantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": value, "low": float(low), "high": float(high)}


def _discordant(first: Verdicts, second: Verdicts, items: Sequence[str]) -> tuple[int, int]:
    """Stages that both pass alone and only the first, or only the second, passes in the chain."""
    pairs = [
        (one[0], other[0]) for item in items for one, other in zip(first[item], second[item], strict=True) if one[1] and other[1]
    ]
    return sum(one and not other for one, other in pairs), sum(other and not one for one, other in pairs)
