"""Both phases learn, resume with the very same losses after a kill, and refuse what they cannot go on with."""

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from musi.errors import MusiError
from prosg_ref.checkpoint import load_backbone, load_prosg
from prosg_ref.examples import Example
from prosg_ref.recipes import Schedule
from prosg_ref.train import AnswerMetrics, Run, lr_factor, train_backbone, train_prosg

SCHEDULE = "{steps: %d, batch_size: 2, lr: 2.0e-3, warmup_steps: 2, " + (
    "save_every: 2, validate_every: 4, max_tokens: 4000, validation_items: 3}"
)
SHAPE = "{n_layer: 2, n_embd: 16, vocab_size: 300}"
KILLED_AT_STEP_5 = """
import os, signal, sys
from pathlib import Path
import torch
import prosg_ref.train as t
torch.set_num_threads(1)
real = t.lr_factor
t.lr_factor = lambda step, schedule: os.kill(os.getpid(), signal.SIGKILL) if step == 5 else real(step, schedule)
getattr(t, sys.argv[1])(Path(sys.argv[2]), Path(sys.argv[3]))
"""


def backbone_recipe(directory: Path, data: Path, steps: int = 7) -> Path:
    path = directory / "backbone.yaml"
    path.write_text(f"data: {data}\nmodel: {SHAPE}\nschedule: {SCHEDULE % steps}\n")
    return path


def prosg_recipe(directory: Path, data: Path, backbone: Path, source: str = "tokens", steps: int = 7) -> Path:
    path = directory / "prosg.yaml"
    path.write_text(f"data: {data}\nbackbone: {backbone}\nprosg: {{source: {source}}}\nschedule: {SCHEDULE % steps}\n")
    return path


def metrics(directory: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "tokens_per_s"} for line in lines]


@pytest.fixture(scope="module")
def trained(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backbone after 7 steps."""
    directory = tmp_path_factory.mktemp("trained")
    train_backbone(backbone_recipe(directory, data_dir), directory / "run")
    return directory / "run"


def test_backbone_run_leaves_metrics_and_a_checkpoint(trained: Path) -> None:
    lines = metrics(trained)
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 4, 5, 6, 7, 7]
    assert all(math.isfinite(value) for line in lines for value in line.values())
    assert lines[4].keys() == {"step", "answer_ppl", "token_acc", "stage_acc"}
    model, tokenizer = load_backbone(trained)
    assert model.config.n_embd == 16
    assert tokenizer.vocab_size == 300


def test_loss_falls(data_dir: Path, tmp_path: Path) -> None:
    train_backbone(backbone_recipe(tmp_path, data_dir, steps=60), tmp_path / "run")
    ppl = [line["answer_ppl"] for line in metrics(tmp_path / "run") if "answer_ppl" in line]
    assert ppl[-1] < 0.7 * ppl[0]


@pytest.mark.parametrize("source", ["tokens", "state", "constant"])
def test_prosg_run_trains_the_module_and_leaves_the_backbone(data_dir: Path, trained: Path, tmp_path: Path, source: str) -> None:
    before = (trained / "model.safetensors").read_bytes()
    train_prosg(prosg_recipe(tmp_path, data_dir, trained, source), tmp_path / "run")
    last = metrics(tmp_path / "run")[-1]
    assert last["answer_ppl"] != last["off_answer_ppl"]
    assert (last["shuffled_answer_ppl"] == last["answer_ppl"]) == (source == "constant")
    assert (trained / "model.safetensors").read_bytes() == before
    backbone, _ = load_backbone(trained)
    assert load_prosg(tmp_path / "run", backbone, trained).config.source == source


@pytest.mark.parametrize("phase", ["train_backbone", "train_prosg"])
def test_killed_run_goes_on_with_the_same_losses(data_dir: Path, trained: Path, tmp_path: Path, phase: str) -> None:
    is_backbone = phase == "train_backbone"
    recipe = backbone_recipe(tmp_path, data_dir) if is_backbone else prosg_recipe(tmp_path, data_dir, trained)
    train = train_backbone if is_backbone else train_prosg
    train(recipe, tmp_path / "whole")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT_STEP_5, phase, recipe, tmp_path / "killed"], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert metrics(tmp_path / "killed")[-1]["step"] == 5
    train(recipe, tmp_path / "killed")
    assert metrics(tmp_path / "killed") == metrics(tmp_path / "whole")
    name = "model.safetensors" if is_backbone else "prosg.safetensors"
    assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_finished_run_is_left_as_it_is(trained: Path, data_dir: Path) -> None:
    before = metrics(trained)
    train_backbone(trained.parent / "backbone.yaml", trained)
    assert metrics(trained) == before


def test_run_in_a_used_directory_is_refused(trained: Path, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(MusiError, match=r"resume\.safetensors: a run is here already"):
        train_backbone(trained.parent / "backbone.yaml", trained, resume=False)
    with pytest.raises(MusiError, match=r"recipe\.yaml: this run was started with another recipe"):
        train_backbone(backbone_recipe(tmp_path, data_dir, steps=9), trained)


def test_broken_inputs_are_named(tmp_path: Path, data_dir: Path, trained: Path) -> None:
    with pytest.raises(MusiError, match=r"train\.jsonl: No such file"):
        train_backbone(backbone_recipe(tmp_path, tmp_path / "nowhere"), tmp_path / "run")
    with pytest.raises(MusiError, match=r"config\.json: No such file"):
        train_prosg(prosg_recipe(tmp_path, data_dir, tmp_path / "nowhere"), tmp_path / "run")
    both = tmp_path / "both.yaml"
    both.write_text(f"data: {data_dir}\nmodel: {SHAPE}\ninit_from: {trained}\nschedule: {SCHEDULE % 2}\n")
    with pytest.raises(MusiError, match="either `model`"):
        train_backbone(both, tmp_path / "run")


def test_fine_tuning_starts_from_the_checkpoint(tmp_path: Path, data_dir: Path, trained: Path) -> None:
    recipe = tmp_path / "more.yaml"
    recipe.write_text(f"data: {data_dir}\ninit_from: {trained}\nschedule: {SCHEDULE % 1}\n")
    train_backbone(recipe, tmp_path / "run")
    assert metrics(tmp_path / "run")[0]["loss"] < metrics(trained)[0]["loss"] - 0.1


def test_gradient_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    schedule = Schedule(steps=2, lr=0.1)
    module = torch.nn.Linear(1, 1)
    run = Run(tmp_path, "", schedule, module, [{"params": list(module.parameters()), "lr": 0.1}], resume=True)
    with pytest.raises(MusiError, match=r"not finite at step 1; lower schedule\.lr"):
        run.train({0: []}, lambda _: (module.weight.sum() * math.nan, {}), dict, lambda: None)


def test_answer_metrics() -> None:
    metrics = AnswerMetrics()
    metrics.add(torch.tensor(1.0), torch.tensor([1, 1, 0, 1, 1, 1]).bool(), [Example([], [], (2, 2)), Example([], [], (2,))])
    metrics.add(torch.tensor(4.0), torch.tensor([0, 0, 0]).bool(), [Example([], [], (3,))])
    wanted = {"answer_ppl": math.exp(2), "token_acc": 5 / 9, "stage_acc": 0.5}
    assert metrics.result() == pytest.approx(wanted)


def test_learning_rate_schedule() -> None:
    schedule = Schedule(steps=110, lr=1.0, warmup_steps=10, final_lr_factor=0.1)
    assert lr_factor(0, schedule) == pytest.approx(0.1)
    assert lr_factor(9, schedule) == lr_factor(10, schedule) == 1.0
    assert lr_factor(60, schedule) == pytest.approx(0.55)
    assert lr_factor(110, schedule) == pytest.approx(0.1)
