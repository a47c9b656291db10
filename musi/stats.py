"""Counts over a built dataset: families, constraints, styles, kinds of memory, chain lengths, distances, and stage positions."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from musi.families import FAMILIES
from musi.release import manifest_of
from musi.retention import BINS
from musi.schema import read_items


def stats(directory: Path) -> dict[str, Any]:
    """Counts over every split, as plain data; raises MusiError when a file is missing or broken."""
    manifest = manifest_of(directory)
    families: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"stages": 0, "memory": Counter(), "distance": Counter(), "position": Counter()}
    )
    constraints: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"items": 0, "stages_bound": 0, "memory": Counter(), "distance": Counter()}
    )
    splits: dict[str, dict[str, Any]] = {}
    for name in manifest.files:
        split: dict[str, Any] = {
            "items": 0,
            "stages": 0,
            "styles": Counter(),
            "lengths": Counter(),
            "memory": Counter(),
            "distance": Counter(),
        }
        for item in read_items(directory / name):
            split["items"] += 1
            split["stages"] += len(item.stages)
            split["styles"][item.style] += 1
            split["lengths"][str(len(item.stages))] += 1
            for rule in item.constraints:
                row = constraints[rule.name]
                row["items"] += 1
                for stage in item.stages:
                    if "constraint" in stage.memory:
                        row["stages_bound"] += 1
                        row["memory"].update(stage.memory)
                        row["distance"][_bin(stage.distance)] += 1
            for position, stage in enumerate(item.stages, start=1):
                row = families[stage.family]
                row["stages"] += 1
                row["memory"].update(stage.memory)
                row["position"][str(position)] += 1
                row["distance"][_bin(stage.distance)] += 1
                split["memory"].update(stage.memory)
                split["distance"][_bin(stage.distance)] += 1
        splits[name.removesuffix(".jsonl")] = split
    for family, row in families.items():
        row["group"] = FAMILIES[family].group if family in FAMILIES else "unknown"
    return {
        "release": manifest.release,
        "splits": splits,
        "families": dict(sorted(families.items())),
        "constraints": dict(sorted(constraints.items())),
    }


def _bin(distance: int) -> str:
    low = max(edge for edge in BINS if edge <= distance)
    return f"{low}-{BINS[BINS.index(low) + 1]}" if low != BINS[-1] else f"{low}-"


def print_stats(data: dict[str, Any], console: Console) -> None:
    """Print the counts as tables."""
    for name, split in data["splits"].items():
        console.print(f"\n[bold]{name}[/bold]  {split['items']:,} items, {split['stages']:,} stages", highlight=False)
        for part in ("styles", "lengths", "memory", "distance"):
            total = split["stages"] if part in ("memory", "distance") else split["items"]
            shares = "  ".join(f"{key} {count / total:.0%}" for key, count in sorted(split[part].items(), key=_order))
            console.print(f"  {part:9}{shares}", highlight=False)
    table = Table("family", "group", "stages", "memory", "mean position")
    for name, row in data["families"].items():
        positions = sum(int(position) * count for position, count in row["position"].items()) / row["stages"]
        table.add_row(name, row["group"], f"{row['stages']:,}", ", ".join(sorted(row["memory"])), f"{positions:.2f}")
    console.print(table)
    table = Table("constraint", "items", "stages bound")
    for name, row in data["constraints"].items():
        table.add_row(name, f"{row['items']:,}", f"{row['stages_bound']:,}")
    console.print(table)


def _order(pair: tuple[str, int]) -> tuple[int, str]:
    head = pair[0].split("-")[0]
    return (int(head) if head.isdigit() else 0, pair[0])
