"""The metrics of the lm-eval tasks: what each item contributes, and how contributions become an estimate.

Used by the tasks themselves and by the leaderboard, which computes every claim again from raw responses.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from musi.retention import (
    Estimate,
    Outcomes,
    adjusted_retention,
    consistency,
    proportion,
    ratio,
    retention,
    share,
)
from musi.samples import Sample, Scored, score_sample
from musi.schema import Item
from musi.score import Mode, score_response

Values = dict[str, list[Any]]
SUFFIXES: dict[Mode, str] = {"strict": "", "loose": "_loose"}


class Metric(NamedTuple):
    """How the values of all items, one row an item, become an estimate; and whether more is better."""

    estimate: Callable[[Sequence[Any]], Estimate]
    higher_is_better: bool


def stage_share(rows: Sequence[list[bool]]) -> Estimate:
    """Mean over the entries of all rows."""
    item = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return share(np.array([value for row in rows for value in row], dtype=np.bool_), item)


def _over_stages(measure: Callable[[Outcomes], Estimate]) -> Callable[[Sequence[list[list[bool]]]], Estimate]:
    """A measure over rows of one [passed in the chain, alone (, alone in another phrasing)] a stage."""
    return lambda rows: measure(Outcomes.of([[(0.0, *map(bool, stage)) for stage in row] for row in rows]))


stage_retention = _over_stages(retention)


def _over_sums(measure: Callable[..., Estimate]) -> Callable[[Sequence[list[float]]], Estimate]:
    """Σ first / Σ second over rows of two sums."""

    def estimate(rows: Sequence[list[float]]) -> Estimate:
        top, bottom = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
        return measure(top, bottom, np.arange(len(rows)))

    return estimate


_GENERATE: dict[str, Callable[..., Estimate]] = {
    "retention": stage_retention,
    "stage_acc": stage_share,
    "single_acc": stage_share,
    "item_acc": stage_share,
    "order_acc": stage_share,
    "completed": stage_share,
    "constraint_retention": _over_sums(proportion),
}
_CONSISTENCY: dict[str, Callable[..., Estimate]] = {
    "consistency": _over_stages(consistency),
    "adjusted_retention": _over_stages(adjusted_retention),
}
_FOIL: dict[str, Callable[..., Estimate]] = {"foil_stage_acc": stage_share, "foil_single_acc": stage_share}
TRUNCATED = {"truncated": Metric(stage_share, False)}
USAGE = TRUNCATED | {"out_of_tokens": Metric(stage_share, False)}


def _both_modes(table: dict[str, Callable[..., Estimate]], higher_is_better: bool = True) -> dict[str, Metric]:
    return {f"{name}{suffix}": Metric(each, higher_is_better) for name, each in table.items() for suffix in SUFFIXES.values()}


GENERATE_METRICS = _both_modes(_GENERATE) | USAGE
CONSISTENCY_METRICS = _both_modes(_GENERATE | _CONSISTENCY) | USAGE
FOIL_METRICS = _both_modes(_FOIL, higher_is_better=False) | USAGE
FORCED_METRICS = {
    "forced_retention": Metric(stage_retention, True),
    "forced_stage_acc": Metric(stage_share, True),
    "forced_single_acc": Metric(stage_share, True),
    "bits_per_byte": Metric(_over_sums(ratio), False),
    "single_bits_per_byte": Metric(_over_sums(ratio), False),
    "forgetting_gap": Metric(_over_sums(ratio), False),
} | TRUNCATED


def generate_values(sample: Sample) -> Values:
    """One item's contribution to each metric of a generate task, scored from its responses; one entry a stage, or one an item."""
    values: Values = {}
    for mode, suffix in SUFFIXES.items():
        values |= {f"{name}{suffix}": value for name, value in _verdicts(score_sample(sample, mode)).items()}
    return values | {"truncated": list(sample.truncated), "out_of_tokens": list(sample.out_of_tokens)}


def _verdicts(scored: Scored) -> Values:
    bound = [k for k, stage in enumerate(scored.sample.item.stages) if "constraint" in stage.memory]
    kept_alone = [k for k in bound if scored.singles[k].stages[0].rules_obeyed]
    stages = [list(stage) for stage in scored.stages]
    values: Values = {
        "retention": [stage[:2] for stage in stages],
        "stage_acc": list(scored.multi.passed),
        "single_acc": list(scored.passed_alone),
        "item_acc": [all(scored.multi.passed)],
        "order_acc": [scored.multi.ordered],
        "completed": [scored.multi.completed],
        "constraint_retention": [sum(scored.multi.stages[k].rules_obeyed for k in kept_alone), len(kept_alone)],
    }
    return values | dict.fromkeys(_CONSISTENCY, stages) if scored.again else values


def foil_values(sample: Sample, foil: Item) -> Values:
    """One item's contribution to the foil metrics: its responses judged as if `foil` had been asked, stage by stage.

    The stages of the longer item that the other lacks are left out.
    """
    both = range(min(len(sample.item.stages), len(foil.stages)))
    values: Values = {}
    for mode, suffix in SUFFIXES.items():
        chain = score_response(foil, sample.multi, both, mode)
        values[f"foil_stage_acc{suffix}"] = list(chain.passed)
        values[f"foil_single_acc{suffix}"] = [score_response(foil, sample.singles[k], [k], mode).passed[0] for k in both]
    return values | {"truncated": list(sample.truncated), "out_of_tokens": list(sample.out_of_tokens)}


def forced_values(sample: Sample, pairs: Sequence[tuple[float, bool]]) -> Values:
    """One item's contribution to each metric of a forced task, from (log-likelihood in nats, is greedy) of every stage in the
    chain, then of every stage alone."""
    n = len(sample.item.stages)
    multi, single = pairs[:n], pairs[n:]
    n_bytes = sum(len(stage.answer.encode()) + 1 for stage in sample.item.stages)
    bits, single_bits = (float(-sum(nats for nats, _ in half) / np.log(2)) for half in (multi, single))
    greedy = [[bool(chained), bool(alone)] for (_, chained), (_, alone) in zip(multi, single, strict=True)]
    return {
        "forced_retention": greedy,
        "forced_stage_acc": [chained for chained, _ in greedy],
        "forced_single_acc": [alone for _, alone in greedy],
        "bits_per_byte": [bits, n_bytes],
        "single_bits_per_byte": [single_bits, n_bytes],
        "forgetting_gap": [bits - single_bits, n_bytes],
        "truncated": list(sample.truncated),
    }


def estimates(rows: Sequence[Values]) -> dict[str, Estimate]:
    """Every metric of a task over its items' values."""
    table = CONSISTENCY_METRICS | FOIL_METRICS | FORCED_METRICS
    return {name: table[name].estimate([row[name] for row in rows]) for name in rows[0]}
