"""Tasks beside the benchmark: imported problems, and lm-eval's own of a hub."""

import json
from pathlib import Path

import pytest
import yaml
from lm_eval.tasks import TaskManager

from musi.importers import import_data
from musi.schema import read_items

TASKS = Path(__file__).parents[2] / "tasks"
PROBLEM = {
    "question": "A pen costs 2 and a book 5 dollars. What do 3 pens and a book cost?",
    "answer": "How much are the pens? ** They are 3*2=$<<3*2=6>>6.\nHow much is all? ** It is 6+5=$<<6+5=11>>11.\n#### 11",
}


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """A folder that holds two imported chains in data/gsm8k."""
    source = tmp_path / "chains.jsonl"
    rows = [PROBLEM, {**PROBLEM, "question": PROBLEM["question"].replace("pen", "cup")}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_data([source], tmp_path / "data" / "gsm8k", "gsm8k", licence="MIT")
    return tmp_path


@pytest.mark.parametrize("kind", ["generate", "forced"])
def test_imported_chains_are_asked_whole_and_stage_by_stage(kind: str, imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(imported)
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    task = manager.load([f"musi_gsm8k_{kind}"])["tasks"][f"musi_gsm8k_{kind}"]
    items = list(read_items(Path("data/gsm8k/train.jsonl")))
    assert list(task.eval_docs["id"]) == [item.id for item in items]
    task.build_all_requests()
    per_stage = {"generate": lambda n: 1 + n, "forced": lambda n: 2 * n}[kind]
    assert len(task.instances) == sum(per_stage(len(item.stages)) for item in items)


def test_group_names_tasks_that_lm_eval_has() -> None:
    names = yaml.safe_load((TASKS / "transfer" / "musi_transfer.yaml").read_text())["task"]
    manager = TaskManager(include_path=str(TASKS))
    assert "musi_transfer" in manager.all_groups
    assert set(names) <= {*manager.all_tasks, *manager.all_groups}
