"""What a variant gains on another, over all stages, near the prompt and far from it: in nats per answer token, and in retention.

`stages` of a row's values: for every item, for every stage, the words between prompt and stage, its nats, its tokens, and
whether it is right in the chain and alone.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from musi.compare import Ratio, contrast, paired
from musi.retention import BINS, Floats

NEAR, FAR = (0, 25), (200, math.inf)  # words between the prompt and a stage


def bins_of_distance() -> tuple[list[tuple[float, float]], list[str]]:
    """The bins of distance [low, high), and their names."""
    bins = list(pairwise((*BINS, math.inf)))
    return bins, [f"{low}–{high}" if high < math.inf else f"{low} and more" for low, high in bins]


def _sums(values: dict[str, Any], low: float, high: float) -> Floats:
    """Of the stages with `low` words or more before them and less than `high`, item by item: nats, tokens, how many are right in
    the chain and alone, and how many alone, (4, I)."""
    chosen = [[stage for stage in item if low <= stage[0] < high] for item in values["stages"]]
    sums = [[(nats, tokens, chain and alone, alone) for _, nats, tokens, chain, alone in stages] for stages in chosen]
    return np.array([np.sum(stages, axis=0, dtype=float) if stages else np.zeros(4) for stages in sums]).T


def loss_against(ours: dict[str, Any], theirs: dict[str, Any], low: float = 0, high: float = math.inf) -> dict[str, float | None]:
    """Paired difference in nats per answer token, over the stages with `low` words or more before them and less than `high`."""
    (a, b, *_), (c, d, *_) = _sums(ours, low, high), _sums(theirs, low, high)
    return paired((a, b), (c, d))


def retention_against(
    ours: dict[str, Any], theirs: dict[str, Any], low: float = 0, high: float = math.inf
) -> dict[str, float | None]:
    """Paired difference in retention, over the same stages."""
    return paired(*(_kept(values, low, high) for values in (ours, theirs)))


def loss_growth(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float | None]:
    """By how much the difference in loss is larger far from the prompt than near it: `FAR` less `NEAR`."""

    def gained(low: float, high: float) -> Ratio:
        (nats, tokens, *_), (without, *_) = _sums(ours, low, high), _sums(theirs, low, high)
        return nats - without, tokens

    return paired(gained(*FAR), gained(*NEAR))


def retention_growth(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float | None]:
    """By how much the difference in retention is larger far from the prompt than near it: `FAR` less `NEAR`."""
    signs = ((1, ours, FAR), (-1, theirs, FAR), (-1, ours, NEAR), (1, theirs, NEAR))
    return contrast(*((sign, _kept(values, *where)) for sign, values, where in signs))


def _kept(values: dict[str, Any], low: float, high: float) -> Ratio:
    *_, both, alone = _sums(values, low, high)
    return both, alone
