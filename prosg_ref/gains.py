"""What a variant gains on another, in nats per answer token: over all stages, near the prompt and far from it.

`stages` of a row's values: for every item, for every stage, the words between prompt and stage, its nats, its tokens.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from musi.retention import BINS, Floats

from .evaluate import paired

NEAR, FAR = (0, 25), (200, math.inf)  # words between the prompt and a stage


def bins_of_distance() -> tuple[list[tuple[float, float]], list[str]]:
    """The bins of distance [low, high), and their names."""
    bins = list(pairwise((*BINS, math.inf)))
    return bins, [f"{low}–{high}" if high < math.inf else f"{low} and more" for low, high in bins]


def losses(values: dict[str, Any], low: float = 0, high: float = math.inf) -> tuple[Floats, Floats]:
    """Nats and answer tokens of the stages with `low` words or more before them and less than `high`, item by item, (I,) each."""
    chosen = [[stage[1:] for stage in item if low <= stage[0] < high] for item in values["stages"]]
    nats, tokens = np.array([np.sum(stages, axis=0) if stages else (0.0, 0.0) for stages in chosen]).T
    return nats, tokens


def loss_against(ours: dict[str, Any], theirs: dict[str, Any], low: float = 0, high: float = math.inf) -> dict[str, float | None]:
    """Paired difference in nats per answer token, over the stages with `low` words or more before them and less than `high`."""
    return paired(losses(ours, low, high), losses(theirs, low, high))


def growth(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float | None]:
    """By how much that difference is larger far from the prompt than near it: `FAR` less `NEAR`."""

    def gained(low: float, high: float) -> tuple[Floats, Floats]:
        (nats, tokens), (without, _) = losses(ours, low, high), losses(theirs, low, high)
        return nats - without, tokens

    return paired(gained(*FAR), gained(*NEAR))
