"""One item as it came: prompt, response, what was cut from it for each stage, and the verdicts, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from musi.errors import MusiError
from musi.references import stage_kind
from musi.report import failure_reasons
from musi.samples import Scored, read_samples, sample_files, score_sample
from musi.score import candidate, segment


def transcripts(item_id: str, results: Sequence[Path]) -> list[dict[str, Any]]:
    """The transcript of an item in every generate task below `results`.

    Raises MusiError when none of them asked it.
    """
    found = []
    for path in results:
        for task, file in sample_files(path):
            for sample in read_samples(file):
                if sample.item.id == item_id and not sample.forced:
                    found.append(
                        {"task": task, "file": str(file), **transcript(score_sample(sample), score_sample(sample, "loose"))}
                    )
    if not found:
        raise MusiError(
            f"{item_id}: is in no samples of a generate task there; see the `id` of each `doc` in samples_musi_*.jsonl"
        )
    return found


def transcript(strict: Scored, loose: Scored) -> dict[str, Any]:
    """One sample, scored both ways, as plain data."""
    sample, item = strict.sample, strict.sample.item
    n = len(item.stages)
    cuts = {mode: segment(sample.multi, n, mode)[0] for mode in ("strict", "loose")}
    reasons = failure_reasons(strict)
    stages = []
    for k, stage in enumerate(item.stages):
        kind = stage_kind(stage.family, item.id).answer
        text = cuts["loose"][k]
        stages.append(
            {
                "stage": k + 1,
                "instruction": stage.instruction,
                "gold": stage.answer,
                "distance": stage.distance,
                "cut": cuts["strict"][k],
                "taken by loose": None if text is None else candidate(text, stage.instruction, kind),
                "strict": strict.multi.stages[k].passed,
                "loose": loose.multi.stages[k].passed,
                "failure": reasons[k],
                "reason": strict.multi.stages[k].reason,
                "alone": sample.singles[k],
                "alone strict": strict.passed_alone[k],
                "alone loose": loose.passed_alone[k],
            }
        )
    return {"id": item.id, "prompt": item.prompt, "response": sample.multi, "stages": stages}


def print_transcript(data: dict[str, Any], console: Console) -> None:
    """Print it: prompt beside response, then a row a stage."""
    sides = Table.grid(expand=True, padding=(0, 1))
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    sides.add_row(Panel(Text(data["prompt"]), title="prompt"), Panel(Text(data["response"]), title="response"))
    table = Table("stage", "gold", "cut from the response", "verdict", "asked alone", "verdict", expand=True, show_lines=True)
    for row in data["stages"]:
        missing = Text("nothing", style="dim")
        cut: Any = missing if row["cut"] is None else Text(row["cut"])
        if row["cut"] is None and row["taken by loose"] is not None:
            cut = Group(missing, Text(f"loose: {row['taken by loose']}"))
        verdict = _verdict(row["strict"], row["loose"])
        if row["failure"]:
            verdict.append(f"\n{row['failure']}: {row['reason']}" if row["cut"] is not None else f"\n{row['failure']}")
        table.add_row(
            Text(f"{row['stage']}. {row['instruction']}"),
            Text(row["gold"]),
            cut,
            verdict,
            Text(row["alone"]),
            _verdict(row["alone strict"], row["alone loose"]),
        )
    console.print(f"\n[bold]{data['id']}[/bold]  {data['task']}", highlight=False)
    console.print(sides)
    console.print(table)


def _verdict(strict: bool, loose: bool) -> Text:
    if strict:
        return Text("right", style="green")
    return Text("wrong, loosely right", style="yellow") if loose else Text("wrong", style="red")
