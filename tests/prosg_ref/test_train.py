"""Both phases learn, resume with the very same losses after a kill, and refuse what they cannot go on with."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_models import random_prosg

from musi.compose import multi_example
from musi.errors import MusiError
from prosg_ref.checkpoint import load_backbone, load_module, load_prosg, load_tensors, save_tensors, write_atomically
from prosg_ref.evaluate import Variant, forced
from prosg_ref.examples import Example, load_items, tokenize
from prosg_ref.parts import synthesis_groups
from prosg_ref.recipes import Schedule
from prosg_ref.run import Run, lr_factor, make_optimizers
from prosg_ref.train import train_backbone, train_prosg

SCHEDULE = "{steps: %d, batch_size: 2, lr: 2.0e-3, warmup_steps: 2, " + (
    "save_every: 2, validate_every: 4, max_tokens: 20000, validation_items: 3}"
)
SHAPE = "{n_layer: 2, n_embd: 16, vocab_size: 300}"
KILLED_AT_STEP_5 = """
import os, signal, sys
from pathlib import Path
import torch
import prosg_ref.run as r
import prosg_ref.train as t
torch.set_num_threads(1)
real = r.lr_factor
r.lr_factor = lambda step, schedule: os.kill(os.getpid(), signal.SIGKILL) if step == 5 else real(step, schedule)
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


def test_tied_run_resumes_and_keeps_one_matrix(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = backbone_recipe(tmp_path, data_dir, steps=4)
    recipe.write_text("tied: true\nslowest_decay: -8.0\n" + recipe.read_text())
    train_backbone(recipe, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr("prosg_ref.run.lr_factor", lambda step, schedule: 1 / 0 if step == 3 else lr_factor(step, schedule))
        with pytest.raises(ZeroDivisionError):
            train_backbone(recipe, tmp_path / "again")
    train_backbone(recipe, tmp_path / "again")
    assert metrics(tmp_path / "again") == metrics(tmp_path / "whole")
    model, _ = load_backbone(tmp_path / "whole")
    assert torch.equal(model.emb.weight, model.head.weight)
    decays = torch.cat([block.att.time_decay for block in model.layers])
    assert decays.min().item() == pytest.approx(-8, abs=0.1)
    assert decays.max().item() == pytest.approx(3, abs=0.1)


def test_finished_run_is_left_as_it_is(trained: Path, data_dir: Path) -> None:
    before = metrics(trained)
    train_backbone(trained.parent / "backbone.yaml", trained)
    assert metrics(trained) == before


def test_run_in_a_used_directory_is_refused(trained: Path, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(MusiError, match=r"recipe\.yaml: this run was started with another recipe"):
        train_backbone(backbone_recipe(tmp_path, data_dir, steps=9), trained)


def test_broken_inputs_are_named(tmp_path: Path, data_dir: Path, trained: Path) -> None:
    with pytest.raises(MusiError, match=r"train\.jsonl: No such file"):
        train_backbone(backbone_recipe(tmp_path, tmp_path / "nowhere"), tmp_path / "run")
    with pytest.raises(MusiError, match=r"config\.json: No such file"):
        train_prosg(prosg_recipe(tmp_path, data_dir, tmp_path / "nowhere"), tmp_path / "run")
    other = tmp_path / "other.yaml"
    shape = SHAPE.replace("16", "32")
    other.write_text(f"data: {data_dir}\nmodel: {shape}\ninit_from: {trained}\nschedule: {SCHEDULE % 2}\n")
    with pytest.raises(MusiError, match="n_embd is 16, the recipe's `model` says 32"):
        train_backbone(other, tmp_path / "run")
    unknown = prosg_recipe(tmp_path, data_dir, trained, "state, targets: [att.gate]")
    with pytest.raises(MusiError, match=r"prosg\.targets: unknown target 'att\.gate'; one of att\.key"):
        train_prosg(unknown, tmp_path / "run")


def test_fine_tuning_starts_from_the_checkpoint(tmp_path: Path, data_dir: Path, trained: Path) -> None:
    recipe = tmp_path / "more.yaml"
    recipe.write_text(f"data: {data_dir}\ninit_from: {trained}\nschedule: {SCHEDULE % 1}\n")
    train_backbone(recipe, tmp_path / "run")
    assert metrics(tmp_path / "run")[0]["loss"] < metrics(trained)[0]["loss"] - 0.1


def test_keys_learn_at_their_share_of_the_rate() -> None:
    module = random_prosg("attention").synthesis
    rest, keys = synthesis_groups(module, 0.5, 0.1)
    assert (rest["lr"], keys["lr"]) == (0.5, 0.05)
    assert {id(p) for p in keys["params"]} == {id(p) for part in module.parts.values() for p in part.v.parameters()}
    assert sum(p.numel() for group in (rest, keys) for p in group["params"]) == sum(p.numel() for p in module.parameters())
    assert len(synthesis_groups(random_prosg("state").synthesis, 0.5, 0.1)) == 1
    schedule = Schedule(steps=1, lr=0.5, muon_lr=0.2, optimizer="muon")
    found = [group["lr"] for optimizer in make_optimizers([rest, keys], schedule, module) for group in optimizer.param_groups]
    assert found == [0.5, 0.05, 0.2, pytest.approx(0.02)]


def test_a_module_goes_on_from_one_that_was_trained(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    recipe = prosg_recipe(tmp_path, data_dir, trained, "tokens")
    train_prosg(recipe, tmp_path / "first")
    more = tmp_path / "more.yaml"
    more.write_text(recipe.read_text() + f"init_from: {tmp_path / 'first'}\n")
    train_prosg(more, tmp_path / "second")
    first, second = metrics(tmp_path / "first"), metrics(tmp_path / "second")
    assert first[0]["delta_norm"]["blocks.0.ffn.value"] == 0
    assert second[0]["delta_norm"]["blocks.0.ffn.value"] > 0
    longer = tmp_path / "longer"
    train_backbone(backbone_recipe(tmp_path, data_dir, steps=9), longer)
    later = tmp_path / "later.yaml"
    later.write_text(more.read_text().replace(f"backbone: {trained}", f"backbone: {longer}"))
    train_prosg(later, tmp_path / "on the later backbone")
    load_prosg(tmp_path / "on the later backbone", load_backbone(longer)[0], longer)
    more.write_text(more.read_text().replace("source: tokens", "source: tokens, scale: 0.2"))
    with pytest.raises(MusiError, match=r"more\.yaml: prosg: not that of .*first; give the same to go on"):
        train_prosg(more, tmp_path / "third")


def test_recall_is_put_on_a_trained_module_and_taught_by_itself_first(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    recipe = prosg_recipe(tmp_path, data_dir, trained, "tokens, targets: [ffn.key, att.value], key: input")
    train_prosg(recipe, tmp_path / "lists")
    recall = recipe.read_text().replace("key: input", "key: input, recall: 3").replace("{steps: 7", "{accumulate: 2, steps: 4")
    pointing = tmp_path / "pointing.yaml"
    pointing.write_text(recall + f"init_from: {tmp_path / 'lists'}\npointing: true\nparts: [recall]\n")
    train_prosg(pointing, tmp_path / "pointing")
    said = tmp_path / "said.yaml"
    said.write_text(recall + f"init_from: {tmp_path / 'pointing'}\nparts: [recall, says]\nlosses: {{recall: 0.5}}\n")
    train_prosg(said, tmp_path / "said")
    assert all(line["keys"] > 0 for line in metrics(tmp_path / "pointing") if "loss" in line)
    assert all(line["recall"] > 0 for line in metrics(tmp_path / "said") if "loss" in line)
    lists, points, says = (load_tensors(tmp_path / name / "prosg.safetensors")[0] for name in ("lists", "pointing", "said"))
    assert {name for name in points if name not in lists} == {name for name in points if ".recall." in name}
    assert all(torch.equal(points[name], x) for name, x in lists.items())
    moved = {name for name, x in says.items() if not torch.equal(points[name], x)}
    assert {name for name in moved if ".recall." not in name} == {name for name in lists if ".says." in name}
    assert {"parts.ffn_key.recall.q.weight", "parts.att_value.recall.key.1.weight", "parts.ffn_key.recall.gate.bias"} <= moved
    numbered = tmp_path / "numbered.yaml"
    whole_items = recall.replace("recall: 3", "recall: 3, address: 2")
    numbered.write_text(whole_items + f"init_from: {tmp_path / 'said'}\npointing: true\nparts: [recall, address, reads]\n")
    train_prosg(numbered, tmp_path / "numbered")
    losses = [line["address"] for line in metrics(tmp_path / "numbered") if "loss" in line]
    assert 0 < losses[-1] < losses[0]
    found = load_tensors(tmp_path / "numbered" / "prosg.safetensors")[0]
    assert all(torch.equal(found[name], x) for name, x in says.items() if ".recall." not in name)
    assert {"address.b.att_key", "reads.ffn_key"} <= {name for name, x in found.items() if x.abs().max() > 0}
    opened = tmp_path / "opened.yaml"
    start = f"init_from: {tmp_path / 'numbered'}\npointing: true\nparts: [reach, .gate.]\nlosses: {{gates: 1.0}}\n"
    opened.write_text(whole_items.replace("recall: 3", "recall: 3, reach: 2") + start)
    train_prosg(opened, tmp_path / "opened")
    assert all(line["gate_loss"] > 0 for line in metrics(tmp_path / "opened") if "loss" in line)
    gates = load_tensors(tmp_path / "opened" / "prosg.safetensors")[0]
    learnt = {name for name, x in gates.items() if name not in found or not torch.equal(found[name], x)}
    taught = {name for name in gates if any(part in name for part in (".reach.", ".gate."))}
    assert learnt == taught


def test_parts_are_shrunk_before_the_first_step(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    recipe = prosg_recipe(tmp_path, data_dir, trained, "tokens, targets: [ffn.key]")
    train_prosg(recipe, tmp_path / "first")
    more = tmp_path / "more.yaml"
    text = recipe.read_text() + f"init_from: {tmp_path / 'first'}\nparts: [stack]\n"
    more.write_text(text + "shrunk: {says: 0.25, gain: 2.0}\n")
    train_prosg(more, tmp_path / "second")
    first, second = (load_tensors(tmp_path / name / "prosg.safetensors")[0] for name in ("first", "second"))
    for name, x in first.items():
        if ".stack." not in name:
            factor = 0.25 if ".says." in name else 2.0 if name.endswith(".gain") else 1.0
            assert torch.equal(second[name], factor * x), name
    more.write_text(text + "shrunk: {nothing: 0.5}\n")
    with pytest.raises(MusiError, match=r"more\.yaml: shrunk: no parameter's name contains any of nothing"):
        train_prosg(more, tmp_path / "third")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("pointing: true\n", r"losses\.recall and pointing: for `source: tokens` with prosg\.recall"),
        ("losses: {recall: 1.0}\n", r"losses\.recall and pointing: for `source: tokens` with prosg\.recall"),
        ("prosg: {source: tokens, recall: 2}\npointing: true\nplaced: true\n", r"pointing and placed: one at a time"),
        (
            "parts: [nothing]\n",
            r"contains any of nothing; there are att_value, ffn_value, gain, gate, log_ridge, says, stack, v$",
        ),
    ],
)
def test_recipes_that_teach_no_recall_are_refused(data_dir: Path, trained: Path, tmp_path: Path, more: str, problem: str) -> None:
    recipe = prosg_recipe(tmp_path, data_dir, trained, "tokens")
    text = recipe.read_text()
    recipe.write_text((text.replace("prosg: {source: tokens}\n", "") if "prosg:" in more else text) + more)
    with pytest.raises(MusiError, match=problem):
        train_prosg(recipe, tmp_path / "run")


def test_a_whitened_metric_needs_the_full_rank(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    module = "tokens, key: input, targets: [ffn.key, att.output], offsets: {ffn.key: [-4]}, metric: %d"
    recipe = prosg_recipe(tmp_path, data_dir, trained, module % 16)
    recipe.write_text(recipe.read_text() + "whiten: 20\n")
    train_prosg(recipe, tmp_path / "whitened")
    found = load_module(tmp_path / "whitened", load_backbone(trained)[0]).synthesis.part("att.output").v
    assert found.q[0].weight.abs().max() > 0.1, "a metric from nothing is still close to 0"
    recipe.write_text(recipe.read_text().replace("metric: 16", "metric: 4"))
    with pytest.raises(MusiError, match=r"whiten: needs `key: input` and a metric of the full rank, 16; mend prosg"):
        train_prosg(recipe, tmp_path / "lower rank")


class Broken(torch.nn.Module):
    """A loss that blows up."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def total(self, examples: list[Example]) -> float:
        return 1.0

    def forward(self, examples: list[Example], total: float, look: bool) -> tuple[torch.Tensor, dict[str, float]]:
        return self.weight.sum() * math.nan, {}


def test_gradient_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    schedule = Schedule(steps=2, lr=0.1)
    module = Broken()
    run = Run(tmp_path, "", schedule, module, lambda: [{"params": list(module.parameters()), "lr": 0.1}])
    with pytest.raises(MusiError, match=r"not finite at step 1; lower schedule\.lr"):
        run.train({0: [Example([1], [2], (1,))]}, dict, lambda: None)


def test_two_processes_and_accumulated_parts_give_the_losses_of_one(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    """The same global batches: `accelerate launch` on two CPU processes, and parts one after the other."""
    for phase, recipe in (
        ("backbone", backbone_recipe(tmp_path, data_dir, steps=4)),
        ("prosg", prosg_recipe(tmp_path, data_dir, trained, steps=4)),
    ):
        (train_backbone if phase == "backbone" else train_prosg)(recipe, tmp_path / phase / "one")
        parts = tmp_path / f"{phase}-parts.yaml"
        parts.write_text(recipe.read_text().replace("{steps", "{accumulate: 3, steps"))
        (train_backbone if phase == "backbone" else train_prosg)(parts, tmp_path / phase / "parts")
        launched(phase, recipe, tmp_path / phase / "two")
        wanted = [line["loss"] for line in metrics(tmp_path / phase / "one") if "loss" in line]
        assert len(wanted) == 4
        for name in ("parts", "two"):
            found = [line["loss"] for line in metrics(tmp_path / phase / name) if "loss" in line]
            assert found == pytest.approx(wanted, rel=1e-4), (phase, name)


def test_two_processes_place_values_and_teach_gates_as_two_parts_of_one(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    """What is not reached by the loss, the keys, is waited for by nobody. The gates' loss is a mean over a part."""
    recipe = prosg_recipe(tmp_path, data_dir, trained, "tokens, key: input, targets: [ffn.key], offsets: {ffn.key: [-1, 2]}", 4)
    recipe.write_text(recipe.read_text().replace("{steps", "{accumulate: 2, steps") + "placed: true\nlosses: {gates: 3.0}\n")
    train_prosg(recipe, tmp_path / "one")
    two = tmp_path / "two.yaml"
    two.write_text(recipe.read_text().replace("accumulate: 2, ", ""))
    launched("prosg", two, tmp_path / "two")
    for number in ("loss", "gate_loss"):
        wanted, found = ([line[number] for line in metrics(tmp_path / name) if number in line] for name in ("one", "two"))
        assert len(wanted) == 4
        assert found == pytest.approx(wanted, rel=1e-4)


def test_sharded_run_gives_the_losses_of_one_process_and_each_goes_on_from_the_other(
    data_dir: Path, trained: Path, tmp_path: Path
) -> None:
    for phase, recipe in (
        ("backbone", backbone_recipe(tmp_path, data_dir, steps=4)),
        ("prosg", prosg_recipe(tmp_path, data_dir, trained, steps=4)),
    ):
        train = train_backbone if phase == "backbone" else train_prosg
        train(recipe, tmp_path / phase / "one")
        sharded = tmp_path / f"{phase}-sharded.yaml"
        sharded.write_text(recipe.read_text().replace("{steps", "{shard: true, gradient_checkpointing: true, steps"))
        launched(phase, sharded, tmp_path / phase / "sharded")
        wanted, found = metrics(tmp_path / phase / "one"), metrics(tmp_path / phase / "sharded")
        assert [line.keys() for line in found] == [line.keys() for line in wanted]
        for name in ("loss", "grad_norm", "answer_ppl"):
            assert [line.get(name, 0.0) for line in found] == pytest.approx([line.get(name, 0.0) for line in wanted], rel=1e-4)
        one, _ = load_tensors(tmp_path / phase / "one" / "resume.safetensors")
        two, metadata = load_tensors(tmp_path / phase / "sharded" / "resume.safetensors")
        assert {name: x.shape for name, x in one.items()} == {name: x.shape for name, x in two.items()}
        longer = recipe.read_text().replace("steps: 4", "steps: 7")
        for name, text in (("one", longer), ("sharded", sharded.read_text().replace("steps: 4", "steps: 7"))):
            other = tmp_path / phase / {"one": "from-sharded", "sharded": "from-one"}[name]
            (tmp_path / f"{phase}-{name}.yaml").write_text(text)
            save_tensors(other / "resume.safetensors", {"one": two, "sharded": one}[name], {**metadata, "recipe": text})
            write_atomically(other / "metrics.jsonl", b"")
        train(tmp_path / f"{phase}-one.yaml", tmp_path / phase / "from-sharded")
        launched(phase, tmp_path / f"{phase}-sharded.yaml", tmp_path / phase / "from-one")
        ends = [metrics(tmp_path / phase / name) for name in ("from-sharded", "from-one")]
        assert [line["step"] for line in ends[0]] == [5, 6, 7, 7]
        for name in ("loss", "answer_ppl"):
            assert [line.get(name, 0.0) for line in ends[0]] == pytest.approx([line.get(name, 0.0) for line in ends[1]], rel=1e-4)


def test_sharding_needs_other_processes_and_whole_matrices(data_dir: Path, tmp_path: Path) -> None:
    recipe = backbone_recipe(tmp_path, data_dir)
    text = recipe.read_text()
    recipe.write_text(text.replace("{steps", "{shard: true, steps"))
    with pytest.raises(MusiError, match=r"schedule\.shard: one process has nobody to share with; use accelerate launch"):
        train_backbone(recipe, tmp_path / "run")
    recipe.write_text(text.replace("{steps", "{shard: true, optimizer: muon, steps"))
    with pytest.raises(MusiError, match="shard: muon needs whole matrices; use adam"):
        train_backbone(recipe, tmp_path / "run")


RANKED = """
import faulthandler, os, sys
from pathlib import Path
faulthandler.enable()
Path(sys.argv.pop(1), os.environ["RANK"]).touch()
from musi.__main__ import main
main()
"""


def launched(phase: str, recipe: Path, out: Path) -> None:
    """Train by `accelerate launch` on two processes, of which each leaves its rank behind.

    Without a GPU, `--cpu --num_processes 2` starts one; `--multi_gpu` starts two, which find that there are CPUs only.
    """
    ranks = out.parent / f"{out.name}-ranks"
    ranks.mkdir(parents=True)
    script = ranks / "ranked.py"
    script.write_text(RANKED)
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    command += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", str(free_port()), str(script)]
    command += [str(ranks), "train", phase, "--config", str(recipe), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr.decode()[-12000:]
    assert {path.name for path in ranks.iterdir()} == {"0", "1", "ranked.py"}


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def test_early_stop_keeps_the_best(data_dir: Path, tmp_path: Path) -> None:
    """At a learning rate this high validation soon worsens: the run ends, and the checkpoint is that of its best step."""
    recipe = tmp_path / "recipe.yaml"
    schedule = "{steps: 40, batch_size: 2, lr: 0.3, warmup_steps: 6, validate_every: 2, patience: 2, "
    schedule += "max_tokens: 20000, validation_items: 3}"
    recipe.write_text(f"data: {data_dir}\nmodel: {SHAPE}\nschedule: {schedule}\n")
    train_backbone(recipe, tmp_path / "run")
    ppl = {line["step"]: line["answer_ppl"] for line in metrics(tmp_path / "run") if "answer_ppl" in line}
    best = min(ppl, key=ppl.__getitem__)
    assert max(ppl) == best + 4 < 40
    backbone, tokenizer = load_backbone(tmp_path / "run")
    items = load_items(data_dir / "validation.jsonl")[:3]
    found = forced(Variant(backbone), tokenize([multi_example(item) for item in items], tokenizer))
    assert found.answer_ppl == pytest.approx(ppl[best], rel=1e-5)
    train_backbone(recipe, tmp_path / "run")  # a run that was stopped stays stopped
    assert max(line["step"] for line in metrics(tmp_path / "run")) == best + 4


@pytest.mark.parametrize("more", ["losses: {reconstruction: 0.5, distil: 1.0}", "joint: true"])
def test_further_losses_and_one_phase(data_dir: Path, trained: Path, tmp_path: Path, more: str) -> None:
    recipe = prosg_recipe(tmp_path, data_dir, trained, steps=4)
    recipe.write_text(recipe.read_text() + more + "\n")
    train_prosg(recipe, tmp_path / "run")
    lines = metrics(tmp_path / "run")
    assert all(math.isfinite(line["loss"]) for line in lines if "loss" in line)
    if more.startswith("joint"):
        backbone, _ = load_backbone(tmp_path / "run" / "backbone")
        assert load_prosg(tmp_path / "run", backbone, tmp_path / "run" / "backbone").config.source == "tokens"
        assert (tmp_path / "run" / "backbone" / "model.safetensors").read_bytes() != (trained / "model.safetensors").read_bytes()
    else:
        assert lines[0]["reconstruction"] > 1
        assert all("distil" in line for line in lines if "loss" in line)


@pytest.mark.parametrize("prosg", ["source: tokens, chunk: 2", "source: state"])
def test_what_is_told_needs_a_gate_for_every_token(data_dir: Path, trained: Path, tmp_path: Path, prosg: str) -> None:
    recipe = prosg_recipe(tmp_path, data_dir, trained, prosg.removeprefix("source: "))
    recipe.write_text(recipe.read_text() + "placed: true\n")
    with pytest.raises(MusiError, match=r"losses\.gates and placed: for `source: tokens` with a gate for every token"):
        train_prosg(recipe, tmp_path / "run")


def test_metrics_tell_of_the_change_and_its_gates(data_dir: Path, trained: Path, tmp_path: Path) -> None:
    train_prosg(prosg_recipe(tmp_path, data_dir, trained, steps=12), tmp_path / "run")
    looks = [line for line in metrics(tmp_path / "run") if "delta_norm" in line]
    assert [line["step"] for line in looks] == [1, 11]
    assert set(looks[0]["delta_norm"].values()) == {0.0}
    assert all(value > 0 for value in looks[1]["delta_norm"].values())
    assert looks[0]["gates"]["ffn.value+0"] == {"mean": 0.036, "p10": 0.036, "p90": 0.036}, "nearly shut"


def test_muon_and_bfloat16_learn(data_dir: Path, tmp_path: Path) -> None:
    recipe = backbone_recipe(tmp_path, data_dir, steps=60)
    recipe.write_text(recipe.read_text().replace("{steps", "{optimizer: muon, precision: bfloat16, extra_items: 20, steps"))
    train_backbone(recipe, tmp_path / "run")
    ppl = [line["answer_ppl"] for line in metrics(tmp_path / "run") if "answer_ppl" in line]
    assert ppl[-1] < 0.7 * ppl[0]


def test_trackers_that_are_not_installed_are_named(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelerate.tracking.get_available_trackers", list)
    for tracker in ("tensorboard", "trackio"):
        with pytest.raises(MusiError, match=rf"--track {tracker}: not installed; pip install 'musi\[{tracker}\]'"):
            train_backbone(backbone_recipe(tmp_path, data_dir, steps=1), tmp_path / tracker, tracker=tracker)


def test_learning_rate_schedule() -> None:
    schedule = Schedule(steps=110, lr=1.0, warmup_steps=10, final_lr_factor=0.1)
    assert lr_factor(0, schedule) == pytest.approx(0.1)
    assert lr_factor(9, schedule) == lr_factor(10, schedule) == 1.0
    assert lr_factor(60, schedule) == pytest.approx(0.55)
    assert lr_factor(110, schedule) == pytest.approx(0.1)
