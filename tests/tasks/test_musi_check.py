"""`musi tasks check` passes on what is shipped and names the fault of every damaged copy."""

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from musi.__main__ import load_cli
from musi.errors import MusiError
from tests.models import TASKS


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return load_cli().beside("musi_check")


@pytest.fixture
def copy(tmp_path) -> Path:
    """The task folder with the smallest generate task only."""
    folder = tmp_path / "copied"
    shutil.copytree(TASKS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "musi_generate.yaml").unlink()
    (folder / "musi_forced.yaml").unlink()
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_shipped_tasks_pass(module):
    lines = module.check(TASKS)
    assert [line.split(":")[0] for line in lines] == ["musi_forced", "musi_generate", "musi_quick"]
    assert "musi_quick: 100 items, 10 metrics, version 1.0" in lines
    assert "musi_forced: 1,000 items, 6 metrics, version 1.0" in lines


YAML_FAULTS = {
    "broken YAML": ("task: musi_quick", "task: [musi_quick", "lm-eval finds no task 'musi_quick' here"),
    "another name than the file": ("task: musi_quick", "task: musi_fast", "lm-eval finds no task 'musi_quick' here"),
    "a template that is not there": ("_musi_generate_yaml", "_nope_yaml", "musi_quick.yaml"),
    "an unknown split": ("  split: test_iid", "  split: test_xyz", "does not load: "),
    "a test split without data": ("test_split: test_iid", "test_split: train", "does not load: "),
    "an unknown data option of the wrong type": ("  limit: 100", "  limit: many", "does not load: "),
}


@pytest.mark.parametrize(("old", "new", "said"), YAML_FAULTS.values(), ids=YAML_FAULTS)
def test_a_damaged_yaml_is_named(module, copy, old, new, said):
    replace(copy / "musi_quick.yaml", old, new)
    with pytest.raises(MusiError, match=r"musi_quick\.yaml: ") as raised:
        module.check(copy)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


CODE_FAULTS = {
    "an unknown class": ("_musi_generate_yaml", "musi_lmeval.GenerateTask", "musi_lmeval.NoTask", "musi_quick.yaml"),
    "a metric without standard error": (
        "musi_lmeval.py",
        ' | {f"{name}_stderr": stderr_of(metric) for name, metric in self.METRICS.items()}',
        "",
        "metric 'completed' lacks 'completed_stderr'",
    ),
    "a metric without direction": (
        "musi_lmeval.py",
        "in self.METRICS.items()}",
        'in self.METRICS.items() if name != "retention"}',
        "metric 'retention' lacks 'retention'",
    ),
    "a metric that nobody aggregates": (
        "musi_lmeval.py",
        "METRICS = GENERATE_METRICS",
        'METRICS = {name: metric for name, metric in GENERATE_METRICS.items() if name != "completed"}',
        "metric 'completed' lacks",
    ),
    "a scorer that passes everything": (
        "musi_lmeval.py",
        "generate_values(Sample(Item.model_validate(doc), tuple(results)))",
        'generate_values(Sample(Item.model_validate(doc), tuple(results))) | {"stage_acc": [True]}',
        "stage_acc is 1.0 for gold answers, 1.0 for empty ones",
    ),
    "a scorer that passes nothing": (
        "musi_lmeval.py",
        "generate_values(Sample(Item.model_validate(doc), tuple(results)))",
        'generate_values(Sample(Item.model_validate(doc), tuple(results))) | {"stage_acc": [False]}',
        "stage_acc is 0.0 for gold answers",
    ),
    "a class that fails without a word": (
        "musi_lmeval.py",
        "        super().__init__(config=config)\n",
        "        raise RuntimeError\n",
        "does not load: RuntimeError",
    ),
    "a class that does not import": ("musi_lmeval.py", "import re\n", "import re\nimport no_such_module\n", "musi_quick.yaml"),
}


@pytest.mark.parametrize(("name", "old", "new", "said"), CODE_FAULTS.values(), ids=CODE_FAULTS)
def test_damaged_code_is_named(module, copy, name, old, new, said):
    replace(copy / name, old, new)
    with pytest.raises(MusiError, match=r"musi_quick\.yaml: ") as raised:
        module.check(copy)
    assert said in str(raised.value)


def test_a_folder_without_tasks_is_a_musi_error(module, tmp_path):
    with pytest.raises(MusiError, match="holds no task YAML"):
        module.check(tmp_path)
