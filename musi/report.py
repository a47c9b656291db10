"""What a model forgets of its prompt, from the samples that lm-eval saved: one report per task, as data or as tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from musi.retention import Outcomes, curve, half_life, retention, share
from musi.samples import Sample, Scored, forced_outcomes, outcomes, read_samples, sample_files, score_samples

MIN_ABILITY = 0.2


def report(results: Path) -> dict[str, dict[str, Any]]:
    """The report of every MuSI task found below `results`, by task name; plain data, ready for JSON.

    Raises MusiError when there are no samples or they do not fit the locked release.
    """
    return {task: report_task(read_samples(path)) for task, path in sample_files(results).items()}


def report_task(samples: Sequence[Sample]) -> dict[str, Any]:
    """Retention, curve, half-life and what failed, for the samples of one task."""
    if samples[0].forced:
        found = forced_outcomes(samples)
        return {"kind": "forced", "items": len(samples), **_statistics(found, samples)}
    strict, loose = score_samples(samples, "strict"), score_samples(samples, "loose")
    return {
        "kind": "generate",
        "items": len(samples),
        **_statistics(outcomes(strict), samples),
        "loose": _headline(outcomes(loose)),
        "failures": _failures(strict),
    }


def _headline(found: Outcomes) -> dict[str, Any]:
    return {
        "retention": asdict(retention(found)),
        "stage_acc": asdict(share(found.multi, found.item)),
        "single_acc": asdict(share(found.single, found.item)),
    }


def _statistics(found: Outcomes, samples: Sequence[Sample]) -> dict[str, Any]:
    stages = [stage for sample in samples for stage in sample.item.stages]
    kinds = sorted({kind for stage in stages for kind in stage.memory})
    return {
        **_headline(found),
        "half_life": asdict(half_life(found)),
        "curve": [{"from": low, "to": high, **asdict(estimate)} for low, high, estimate in curve(found)],
        "memory": {kind: asdict(retention(found.where(np.array([kind in stage.memory for stage in stages])))) for kind in kinds},
    }


def _failures(scored: Sequence[Scored]) -> dict[str, int]:
    """Why stages of the whole response failed, as counts."""
    reasons: Counter[str] = Counter()
    for row in scored:
        for stage in row.multi.stages:
            if not stage.found:
                reasons["missing stage"] += 1
            elif not stage.answer_right:
                reasons["wrong answer"] += 1
            elif not stage.rules_obeyed:
                reasons["broken constraint"] += 1
    return dict(reasons)


def first_line(data: dict[str, Any]) -> str:
    """In plain words: how much the model keeps, and how far."""
    kept, ability, half = data["retention"], data["single_acc"]["value"], data["half_life"]
    if kept["value"] is None:
        return "Retention is undefined: the model gets no stage right even when it is asked alone."
    start = f"Of the stages it can do alone, the model still does {kept['value']:.0%} in the chain"
    if half["words"]:
        start += f"; its chance to do so halves every {half['words']:,.0f} words of answer"
    elif half["r0"] is not None:
        start += "; no decay over distance is seen"
    caution = f" It can do only {ability:.0%} alone, too few to judge retention by." if ability < MIN_ABILITY else ""
    return f"{start}.{caution}"


def print_report(reports: dict[str, dict[str, Any]], console: Console) -> None:
    """Print every task's report as tables."""
    for task, data in reports.items():
        console.print(f"\n[bold]{task}[/bold]  {data['items']} items", highlight=False)
        console.print(first_line(data), highlight=False)
        table = Table("measure", "strict", "95 % interval", *(["loose"] if "loose" in data else []))
        for name in ("retention", "stage_acc", "single_acc"):
            loose = [_value(data["loose"][name])] if "loose" in data else []
            table.add_row(name, _value(data[name]), _interval(data[name]), *loose)
        table.add_row("half-life (words)", *_half_life(data["half_life"]), *(["" for _ in loose]))
        console.print(table)
        console.print(_ratios("distance (words)", {f"{row['from']}-{row['to']}": row for row in data["curve"]}))
        console.print(_ratios("kind of memory", data["memory"]))
        if data.get("failures"):
            console.print(
                "failed stages: " + ", ".join(f"{reason} {count}" for reason, count in sorted(data["failures"].items()))
            )


def _ratios(label: str, rows: dict[str, dict[str, Any]]) -> Table:
    table = Table(label, "retention", "95 % interval", "stages right alone")
    for name, row in rows.items():
        table.add_row(name, _value(row), _interval(row), str(row["n"]))
    return table


def _value(row: dict[str, Any]) -> str:
    return "undefined" if row["value"] is None else f"{row['value']:.3f}"


def _interval(row: dict[str, Any]) -> str:
    return "" if row["value"] is None else f"{row['low']:.3f} to {row['high']:.3f}"


def _half_life(row: dict[str, Any]) -> tuple[str, str]:
    def words(value: float | None) -> str:
        return f"> {row['max_distance']:.0f}" if value is None else f"{value:.0f}"

    if row["r0"] is None:
        return "undefined", ""
    return words(row["words"]), f"{words(row['low'])} to {words(row['high'])}"
