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
    """The task folder, to be damaged."""
    folder = tmp_path / "copied"
    shutil.copytree(TASKS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_shipped_tasks_pass(module):
    lines = module.check(TASKS)
    assert [line.split(":")[0] for line in lines] == sorted(path.stem for path in TASKS.glob("*.yaml"))
    assert "musi: musi_forced, musi_generate" in lines
    assert "musi_quick: 100 items, 16 metrics, version 2.0" in lines
    assert "musi_forced: 1,000 items, 7 metrics, version 2.0" in lines


YAML_FAULTS = {
    "broken YAML": ("task: musi_quick", "task: [musi_quick", "lm-eval finds no 'musi_quick' here"),
    "another name than the file": ("task: musi_quick", "task: musi_fast", "lm-eval finds no 'musi_quick' here"),
    "a template that is not there": ("_musi_generate_yaml", "_nope_yaml", "musi_quick.yaml"),
    "an unknown split": ("  split: test_iid", "  split: test_xyz", "does not load: "),
    "the wrong split": ("  split: test_iid", "  split: test_ood", "musi_quick.yaml"),
    "the wrong split twice": ("dataset_kwargs:\n  split: test_iid", "test_split: test_ood\ndataset_kwargs:\n  split: test_ood",
                              "its 100 items are not the 100 promised"),
    "too few items": ("  limit: 100", "  limit: 99", "its 99 items are not the 100 promised"),
    "longer items": ("  max_words: 120", "  max_words: 400", "its 100 items are not the 100 promised"),
    "an unknown data option of the wrong type": ("  limit: 100", "  limit: many", "does not load: "),
    "a class of another task": ("task: musi_quick", "task: musi_quick\nclass: !function musi_lmeval.ForcedTask",
                                "requests for"),
    "the class that asks more": ("task: musi_quick", "task: musi_quick\nclass: !function musi_lmeval.ConsistencyTask",
                                 "requests for"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), YAML_FAULTS.values(), ids=YAML_FAULTS)
def test_a_damaged_yaml_is_named(module, copy, old, new, said):
    replace(copy / "musi_quick.yaml", old, new)
    with pytest.raises(MusiError, match=r"musi_quick\.yaml: ") as raised:
        module.check(copy, ["musi_quick"])
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
    "a metric that is not emitted": (
        "musi_lmeval.py",
        "        return generate_values(sample)\n",
        '        return {name: value for name, value in generate_values(sample).items() if name != "item_acc_loose"}\n',
        "metric 'item_acc_loose' is not emitted",
    ),
    "a scorer that passes everything": (
        "musi_lmeval.py",
        "        return generate_values(sample)\n",
        '        return generate_values(sample) | {"stage_acc": [True]}\n',
        "stage_acc is 1.0 for foreign answers",
    ),
    "a scorer that passes nothing": (
        "musi_lmeval.py",
        "        return generate_values(sample)\n",
        '        return generate_values(sample) | {"stage_acc": [False]}\n',
        "stage_acc is 0.0 for gold answers",
    ),
    "a class that fails without a word": (
        "musi_lmeval.py",
        "        super().__init__(config=config)\n",
        "        raise RuntimeError\n",
        "does not load: RuntimeError",
    ),
    "singles that ask nothing alone": (
        "musi_lmeval.py",
        "return [item.prompt, *(single_prompt(item, k) for k in range(len(item.stages)))]",
        "return [item.prompt] * (1 + len(item.stages))",
        "should ask a stage alone",
    ),
    "a whole prompt that lost its beginning": (
        "musi_lmeval.py",
        "return [item.prompt, *(single_prompt",
        "return [item.prompt[20:], *(single_prompt",
        "lacks the item's prompt",
    ),
    "lm-eval's default stop": ("musi_lmeval.py", '{"until": [], ', '{"until": ["\\n\\n"], ', "would cut or draw its answer"),
    "sampling": ("musi_lmeval.py", '"do_sample": False', '"do_sample": True', "would cut or draw its answer"),
    "a budget that cuts answers": ("musi_lmeval.py", "[min(budget, half) for", "[min(budget, 16) for", "would cut or draw"),
    "a class that does not import": ("musi_lmeval.py", "import re\n", "import re\nimport no_such_module\n", "musi_quick.yaml"),
}


@pytest.mark.parametrize(("name", "old", "new", "said"), CODE_FAULTS.values(), ids=CODE_FAULTS)
def test_damaged_code_is_named(module, copy, name, old, new, said):
    replace(copy / name, old, new)
    with pytest.raises(MusiError, match=r"musi_quick\.yaml: ") as raised:
        module.check(copy, ["musi_quick"])
    assert said in str(raised.value)


def test_a_foil_that_is_the_item_itself_is_found(module, copy):
    replace(copy / "musi_lmeval.py", "(sample.item.index + 1)", "sample.item.index")
    with pytest.raises(MusiError, match=r"musi_foil\.yaml: foil_single_acc is 1.0 for gold answers"):
        module.check(copy, ["musi_foil"])


def test_a_group_that_lost_a_task_is_named(module, copy):
    replace(copy / "musi.yaml", "  - musi_forced\n", "")
    with pytest.raises(MusiError, match=r"musi\.yaml: holds musi_generate; should hold musi_forced, musi_generate"):
        module.check(copy, ["musi"])


def test_a_missing_yaml_is_named(module, copy):
    (copy / "musi_twice.yaml").unlink()
    with pytest.raises(MusiError, match=r"musi_twice\.yaml: lm-eval finds no 'musi_twice' here"):
        module.check(copy, ["musi_twice"])


def test_a_strange_yaml_is_named(module, copy):
    (copy / "musi_new.yaml").write_text("task: musi_new\n")
    with pytest.raises(MusiError, match=r"musi_new\.yaml: is not promised"):
        module.check(copy)


def test_an_unknown_name_is_a_musi_error(module):
    with pytest.raises(MusiError, match="'gsm8k' is no task of MuSI; it has musi, "):
        module.check(TASKS, ["gsm8k"])


def test_a_folder_without_tasks_is_a_musi_error(module, tmp_path):
    with pytest.raises(MusiError, match=r"musi\.yaml: lm-eval finds no 'musi' here"):
        module.check(tmp_path)
