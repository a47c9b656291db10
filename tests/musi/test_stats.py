"""Counts over a built dataset add up."""

import json

from rich.console import Console

from musi.families import FAMILIES
from musi.schema import SPLITS, read_items
from musi.stats import print_stats, stats


def test_counts_add_up(small):
    data = stats(small)
    assert set(data["splits"]) == set(SPLITS)
    for name, split in data["splits"].items():
        rows = list(read_items(small / f"{name}.jsonl"))
        assert split["items"] == len(rows) == sum(split["styles"].values()) == sum(split["lengths"].values())
        assert split["stages"] == sum(len(row.stages) for row in rows) == sum(split["distance"].values())
        assert split["memory"]["constraint"] == sum("constraint" in stage.memory for row in rows for stage in row.stages)
    assert sum(row["stages"] for row in data["families"].values()) == sum(split["stages"] for split in data["splits"].values())
    assert {name: row["group"] for name, row in data["families"].items()} == {
        name: FAMILIES[name].group for name in data["families"]
    }


def test_is_plain_data_and_prints(small):
    data = stats(small)
    assert json.loads(json.dumps(data))["release"] == "1.0.0"
    console = Console(record=True, width=120)
    print_stats(data, console)
    text = console.export_text()
    assert "train  190 items" in text
    assert all(name in text for name in data["families"])
