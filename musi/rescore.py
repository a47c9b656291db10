"""Old samples under today's scorer: every verdict that changed, and what that does to the measures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from musi.errors import MusiError
from musi.metrics import Values, estimates, generate_values
from musi.report_print import value
from musi.samples import Sample, read_samples, sample_files, score_sample
from musi.score import SCORER_VERSION, Mode

PLACES = ("in the chain", "alone", "alone again")


@dataclass(frozen=True)
class Change:
    """A verdict that today's scorer gives otherwise than the one that was saved."""

    item: str
    stage: int
    place: str
    mode: str
    before: bool
    now: bool
    text: str
    reason: str


def rescore(results: Sequence[Path]) -> list[dict[str, Any]]:
    """For every generate task below `results`: the changed verdicts, and every measure before and now.

    Raises MusiError when there is none, or when samples carry no verdicts that fit them.
    """
    found = []
    for path in results:
        for task, file in sample_files(path):
            samples = read_samples(file)
            if samples[0].forced or "retention" not in samples[0].logged:
                continue
            changes = [change for sample in samples for change in _changes(sample, file)]
            verdicts = sum(2 * len(sample.item.stages) * (3 if sample.again else 2) for sample in samples)
            found.append(
                {
                    "task": task,
                    "file": str(file),
                    "scorer_version": SCORER_VERSION,
                    "items": len(samples),
                    "verdicts": verdicts,
                    "changes": [asdict(change) for change in changes],
                    "measures": _measures(samples),
                }
            )
    if not found:
        raise MusiError("no samples with responses to score again; give those of a generate task, such as musi_quick")
    return found


def _logged(sample: Sample, name: str, file: Path) -> list[list[bool]]:
    """The saved verdicts of one metric: as many of each stage as responses were asked for."""
    rows = sample.logged.get(name)
    n = len(sample.item.stages)
    if not isinstance(rows, list) or len(rows) != n or not all(_booleans(row) for row in rows):
        raise MusiError(f"{file}: item {sample.item.id}: `{name}` is no list of verdicts for {n} stages; save the samples again")
    return rows


def _booleans(row: Any) -> bool:
    return isinstance(row, list) and len(row) in (2, 3) and all(isinstance(each, bool) for each in row)


def _changes(sample: Sample, file: Path) -> list[Change]:
    changes = []
    modes: tuple[tuple[Mode, str], ...] = (("strict", ""), ("loose", "_loose"))
    for mode, suffix in modes:
        scored = score_sample(sample, mode)
        name = ("consistency" if sample.again else "retention") + suffix
        for k, (before, now) in enumerate(zip(_logged(sample, name, file), scored.stages, strict=True)):
            scores = [scored.multi.stages[k], scored.singles[k].stages[0]]
            scores += [scored.again[k].stages[0]] if scored.again else []
            for place, old, new, score in zip(PLACES, before, now, scores, strict=False):
                if old != new:
                    changes.append(Change(sample.item.id, k + 1, place, mode, old, new, score.text, score.reason))
    return changes


def _measures(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """The measures that follow from saved verdicts alone, before and now."""
    names = [name for name in ("retention", "retention_loose") if name in samples[0].logged]
    before: list[Values] = [{name: [stage[:2] for stage in sample.logged[name]] for name in names} for sample in samples]
    now = estimates([{name: rows[name] for name in names} for rows in map(generate_values, samples)])
    return {name: {"before": asdict(each), "now": asdict(now[name])} for name, each in estimates(before).items()}


def print_rescore(found: list[dict[str, Any]], console: Console) -> None:
    """Print the diff of every file."""
    for data in found:
        console.print(
            f"\n[bold]{escape(data['task'])}[/bold]  {escape(data['file'])}: {len(data['changes'])} of "
            f"{data['verdicts']:,} verdicts change under scorer {data['scorer_version']}",
            highlight=False,
        )
        for name, each in data["measures"].items():
            console.print(f"{name}: {value(each['before'])} before, {value(each['now'])} now", highlight=False)
        if data["changes"]:
            table = Table("item", "stage", "where", "mode", "before → now", "text", "reason")
            for row in data["changes"]:
                turn = " → ".join("right" if each else "wrong" for each in (row["before"], row["now"]))
                cells = (row["item"], str(row["stage"]), row["place"], row["mode"], turn, row["text"][:80], row["reason"])
                table.add_row(*map(escape, cells))
            console.print(table)
