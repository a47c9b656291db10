"""The board for other programs: CSV, JSON, and what a model's own repository on the Hugging Face hub can show of it."""

import csv
import io
import json
from typing import Any

import yaml

from leaderboards.record import EntryRecord
from leaderboards.table import Row, Section
from leaderboards.untrusted import visible

HUB_DATASET = "musi/musi"
FIELDS = ("name", "id", "role", "rank", "tier", "decision", "model", "revision", "parameters", "state_bytes", "architecture",
          "licence", "trained_on", "digest")  # fmt: skip


def board_csv(sections: list[Section]) -> str:
    """One line an entry and task, figures with their intervals; no cell is a formula to a spreadsheet."""
    metrics = sorted({name for section in sections for row in section.rows for name in row.task(section.spec).estimates})
    ends = [f"{name}{end}" for name in metrics for end in ("", "_low", "_high")]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["task", "release", *FIELDS, *ends, "half_life_words"])
    for section in sections:
        for row in section.rows:
            line = _line(section, row)
            figures = line.pop("metrics")
            cells: list[Any] = list(line.values())
            for name in metrics:
                found = figures.get(name, {})
                cells += [found.get(end) for end in ("value", "low", "high")]
            half = row.task(section.spec).half_life.words
            writer.writerow([_inert(cell) for cell in (*cells, half)])
    return out.getvalue()


def _inert(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe in front."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    text = visible(cell)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@", "|", "%") or text[:1] in ("\t", "\r", "\n") else text


def board_json(sections: list[Section]) -> str:
    """The same as JSON, with curves."""
    lines = [{**_line(section, row), "curve": _curve(section, row)} for section in sections for row in section.rows]
    return json.dumps({"format": 1, "entries": lines}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _line(section: Section, row: Row) -> dict[str, Any]:
    card, spec = row.record.submission, section.spec
    return {
        "task": spec.name,
        "release": spec.release,
        "name": card.name,
        "id": row.record.id,
        "role": card.role,
        "rank": row.rank,
        "tier": row.tier,
        "decision": row.state,
        "model": card.model,
        "revision": card.revision,
        "parameters": card.parameters,
        "state_bytes": card.state_bytes,
        "architecture": card.architecture,
        "licence": card.licence,
        "trained_on": card.trained_on,
        "digest": row.record.digest,
        "metrics": {name: vars(estimate) for name, estimate in row.task(spec).estimates.items()},
    }


def _curve(section: Section, row: Row) -> list[dict[str, Any]]:
    return [{"from": low, "to": high, **vars(estimate)} for low, high, estimate in row.task(section.spec).curve]


def eval_results(record: EntryRecord) -> str:
    """An `.eval_results/musi.yaml` for the model's repository, as huggingface_hub's `EvalResultEntry` reads it."""
    entries = []
    for spec in record.specs():
        metric = "retention" if spec.kind == "generate" else "forced_retention"
        estimate = record.tasks[spec.name].estimates[metric]
        if estimate.value is None or estimate.low is None or estimate.high is None:
            continue
        notes = f"{metric} in %, 95 % interval {100 * estimate.low:.1f} to {100 * estimate.high:.1f}, n = {estimate.n} stages"
        entries.append(
            {
                "dataset": {"id": HUB_DATASET, "task_id": spec.name},
                "value": round(100 * estimate.value, 2),
                "notes": f"release {spec.release}, {notes}, {record.tier if spec.kind == 'generate' else 'self-reported'}",
            }
        )
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
