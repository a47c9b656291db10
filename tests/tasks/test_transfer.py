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


RECORDS = [  # of the shape of IFEval's
    {"prompt": "Name three rivers. Do not use any commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    {
        "prompt": "Describe a pond in less than 10 words, and use the word reed.",
        "instruction_id_list": ["length_constraints:number_words", "keywords:existence"],
        "kwargs": [{"relation": "less than", "num_words": 10}, {"keywords": ["reed"]}],
    },
    {
        "prompt": "Describe a hill in more than 2 sentences.",
        "instruction_id_list": ["length_constraints:number_sentences"],
        "kwargs": [{"relation": "at least", "num_sentences": 3}],
    },
]
RESPONSES = {  # strict by instruction, and loose
    ("Po\nElbe\nSeine", 0): ([True], [True]),
    ("Po, Elbe, Seine", 0): ([False], [False]),
    ("Still water, with a reed.", 1): ([True, True], [True, True]),
    ("Sure, here is a pond for you, as you wished:\nWater and a reed.", 1): ([False, True], [True, True]),
    ("Water and a lily.", 1): ([True, False], [True, False]),
}


def test_ifeval_is_checked_by_lm_eval_without_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/ifeval.jsonl").write_text("".join(json.dumps({"key": i, **row}) + "\n" for i, row in enumerate(RECORDS)))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    manager = TaskManager(include_path=str(TASKS), include_defaults=False)
    task = manager.load(["musi_ifeval"])["tasks"]["musi_ifeval"]
    docs = list(task.test_docs())
    assert [doc["key"] for doc in docs][:2] == [0, 1]
    assert [task.doc_to_text(doc) for doc in docs[:2]] == [row["prompt"] for row in RECORDS[:2]]
    for (response, key), (strict, loose) in RESPONSES.items():
        found = task.process_results(docs[key], [response])
        assert (found["inst_level_strict_acc"], found["inst_level_loose_acc"]) == (strict, loose), response
        assert found["prompt_level_strict_acc"] == all(strict)
    assert task.aggregation()["inst_level_strict_acc"]([[True, False], [True]]) == pytest.approx(2 / 3)


def test_real_ifeval_records_can_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = TASKS.parents[1] / "shared" / "data" / "ifeval_prompts.jsonl"
    if not source.exists():
        pytest.skip(f"{source} is not on this machine")
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/ifeval.jsonl").write_bytes(source.read_bytes())
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    task = TaskManager(include_path=str(TASKS), include_defaults=False).load(["musi_ifeval"])["tasks"]["musi_ifeval"]
    docs = list(task.test_docs())
    assert len(docs) > 400
    passed = [task.process_results(doc, ["A short answer."])["prompt_level_strict_acc"] for doc in docs]
    assert 0 < sum(passed) < len(docs) / 4


def test_group_names_tasks_that_lm_eval_has() -> None:
    names = yaml.safe_load((TASKS / "transfer" / "musi_transfer.yaml").read_text())["task"]
    manager = TaskManager(include_path=str(TASKS))
    assert "musi_transfer" in manager.all_groups
    assert set(names) <= {*manager.all_tasks, *manager.all_groups}
