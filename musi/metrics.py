"""The metrics of the lm-eval tasks: what each item contributes, and how contributions become an estimate.

Used by the tasks themselves and by the leaderboard, which computes every claim again from raw responses.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from musi.retention import Estimate, Outcomes, ratio, retention, share
from musi.samples import Sample, score_sample
from musi.schema import Item

Values = dict[str, list[Any]]


class Metric(NamedTuple):
    """How the values of all items, one row an item, become an estimate; and whether more is better."""

    estimate: Callable[[Sequence[Any]], Estimate]
    higher_is_better: bool


def stage_share(rows: Sequence[list[bool]]) -> Estimate:
    """Mean over the entries of all rows."""
    item = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return share(np.array([value for row in rows for value in row], dtype=np.bool_), item)


def stage_retention(rows: Sequence[list[list[bool]]]) -> Estimate:
    """Retention over rows of [passed in the chain, passed alone] pairs."""
    return retention(Outcomes.of([[(0.0, bool(multi), bool(single)) for multi, single in row] for row in rows]))


def sum_ratio(rows: Sequence[list[float]]) -> Estimate:
    """Σ first / Σ second over rows of two sums."""
    top, bottom = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return ratio(top, bottom, np.arange(len(rows)))


GENERATE_METRICS = {
    "retention": Metric(stage_retention, True),
    "retention_loose": Metric(stage_retention, True),
    "stage_acc": Metric(stage_share, True),
    "stage_acc_loose": Metric(stage_share, True),
    "single_acc": Metric(stage_share, True),
    "single_acc_loose": Metric(stage_share, True),
    "item_acc": Metric(stage_share, True),
    "order_acc": Metric(stage_share, True),
    "completed": Metric(stage_share, True),
    "constraint_retention": Metric(sum_ratio, True),
}
FORCED_METRICS = {
    "forced_retention": Metric(stage_retention, True),
    "forced_stage_acc": Metric(stage_share, True),
    "forced_single_acc": Metric(stage_share, True),
    "bits_per_byte": Metric(sum_ratio, False),
    "single_bits_per_byte": Metric(sum_ratio, False),
    "forgetting_gap": Metric(sum_ratio, False),
}


def generate_values(sample: Sample) -> Values:
    """One item's contribution to each metric of a generate task, scored from its responses; one entry a stage, or one an item."""
    item = sample.item
    strict, loose = score_sample(sample, "strict"), score_sample(sample, "loose")
    bound = [k for k, stage in enumerate(item.stages) if "constraint" in stage.memory]
    kept_alone = [k for k in bound if strict.singles[k].stages[0].rules_obeyed]
    return {
        "retention": [list(pair) for pair in zip(strict.multi.passed, strict.passed_alone, strict=True)],
        "retention_loose": [list(pair) for pair in zip(loose.multi.passed, loose.passed_alone, strict=True)],
        "stage_acc": list(strict.multi.passed),
        "stage_acc_loose": list(loose.multi.passed),
        "single_acc": list(strict.passed_alone),
        "single_acc_loose": list(loose.passed_alone),
        "item_acc": [all(strict.multi.passed)],
        "order_acc": [strict.multi.ordered],
        "completed": [strict.multi.completed],
        "constraint_retention": [sum(strict.multi.stages[k].rules_obeyed for k in kept_alone), len(kept_alone)],
    }


def forced_values(item: Item, pairs: Sequence[tuple[float, bool]]) -> Values:
    """One item's contribution to each metric of a forced task, from (log-likelihood in nats, is greedy) of every stage in the
    chain, then of every stage alone."""
    n = len(item.stages)
    multi, single = pairs[:n], pairs[n:]
    n_bytes = sum(len(stage.answer.encode()) + 1 for stage in item.stages)
    bits, single_bits = (float(-sum(nats for nats, _ in half) / np.log(2)) for half in (multi, single))
    greedy = [[bool(chained), bool(alone)] for (_, chained), (_, alone) in zip(multi, single, strict=True)]
    return {
        "forced_retention": greedy,
        "forced_stage_acc": [chained for chained, _ in greedy],
        "forced_single_acc": [alone for _, alone in greedy],
        "bits_per_byte": [bits, n_bytes],
        "single_bits_per_byte": [single_bits, n_bytes],
        "forgetting_gap": [bits - single_bits, n_bytes],
    }


def estimates(rows: Sequence[Values]) -> dict[str, Estimate]:
    """Every metric of a task over its items' values."""
    table = GENERATE_METRICS | FORCED_METRICS
    return {name: table[name].estimate([row[name] for row in rows]) for name in rows[0]}
