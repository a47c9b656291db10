"""One training run: the loop, on one process or several, its metrics and its resume file.

A run directory holds
    recipe.yaml          a copy of what was asked for
    metrics.jsonl        one line per step, and one per validation
    resume.safetensors   weights, optimiser and step of the last save; one file, replaced by one rename
    …                    the finished checkpoint (see `prosg_ref.checkpoint`), written at every save
A run that was killed and is started again goes on from the last save with the very losses it would have had.

A step's examples are the same whatever the number of processes: each takes a run of them, and the weights of all tokens of
the whole batch divide the loss of each part, so that gradients add up to those of one process.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule

from musi.errors import MusiError

from .ahead import Step, Steps
from .checkpoint import load_metadata, load_tensors, save_tensors, write_atomically
from .examples import Example
from .graphs import Graphs, Part, StaticLoss
from .recipes import Schedule
from .shard import as_sharded, gathered, shard, whole
from .split import split_evenly

BETAS = (0.9, 0.99)
MOMENTUM = 0.95  # of Muon
CLIP = 1.0  # norm of a step's gradient at most
RESUME = "resume.safetensors"
LOOK_EVERY = 10  # steps between two looks at what costs time to look at

Metrics = dict[str, Any]
Tracker = Literal["tensorboard", "trackio"]


class PartLoss(Protocol):
    """What is trained: a module that gives the loss of a part of a batch, divided by the whole batch's total weight."""

    def total(self, examples: Sequence[Example]) -> float: ...

    def __call__(self, examples: Sequence[Example], total: float, look: bool) -> tuple[Tensor, Metrics]: ...


def lr_factor(step: int, schedule: Schedule) -> float:
    """Linear warm-up, then a cosine from 1 down to `final_lr_factor` at the last step."""
    if step < schedule.warmup_steps:
        return (step + 1) / schedule.warmup_steps
    done = (step - schedule.warmup_steps) / max(1, schedule.steps - schedule.warmup_steps)
    return schedule.final_lr_factor + (1 - schedule.final_lr_factor) * 0.5 * (1 + math.cos(math.pi * done))


def make_optimizers(groups: list[dict[str, Any]], schedule: Schedule, module: nn.Module) -> list[torch.optim.Optimizer]:
    """Fused Adam over the groups; with `muon`, the matrices inside the model go to torch's Muon instead, at the shares of
    `muon_lr` that their groups have of `lr`."""
    if schedule.optimizer == "adam":
        return [torch.optim.Adam(groups, betas=BETAS, fused=True)]
    linear = [m for name, m in module.named_modules() if isinstance(m, nn.Linear) and not name.endswith("head")]
    taken = {id(m.weight) for m in linear if m.weight.requires_grad and min(m.weight.shape) > 1}
    if not taken:
        raise MusiError("schedule.optimizer: muon needs matrices inside the model, here are none; use adam")
    rest = [{**group, "params": [p for p in group["params"] if id(p) not in taken]} for group in groups]
    matrices = [
        {"params": [p for p in group["params"] if id(p) in taken], "lr": schedule.muon_lr * group["lr"] / schedule.lr}
        for group in groups
    ]
    muon = torch.optim.Muon([g for g in matrices if g["params"]], weight_decay=0.0, momentum=MOMENTUM)
    vectors = [group for group in rest if group["params"]]
    return [torch.optim.Adam(vectors, betas=BETAS, fused=True), muon] if vectors else [muon]


class Run:
    """A training run in a directory, new or resumed."""

    def __init__(
        self,
        out_dir: Path,
        recipe_text: str,
        schedule: Schedule,
        module: nn.Module,
        groups: Callable[[], list[dict[str, Any]]],
        tracker: Tracker | None = None,
        some_unused: bool = False,  # parameters that the loss does not reach, which several processes must look for
    ) -> None:
        self.out_dir, self.schedule, self.module = out_dir, schedule, module
        self.recipe_text = recipe_text
        self.step = 0
        self.best: float | None = None
        self.stale = 0  # validations since the best
        self.metrics_path = out_dir / "metrics.jsonl"
        self.resume_path = out_dir / RESUME
        self.accelerator = Accelerator(
            log_with=_available(tracker),
            project_dir=out_dir,
            cpu=not torch.cuda.is_available(),
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=some_unused)],
        )
        if tracker is not None:
            self.accelerator.init_trackers(out_dir.name)
        if schedule.shard:
            if self.accelerator.num_processes == 1:
                raise MusiError("schedule.shard: one process has nobody to share with; use accelerate launch, or shard: false")
            shard(module.to(self.accelerator.device), self.accelerator.device, self.accelerator.num_processes)
        module.to(self.accelerator.device)
        self.names = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self.bfloat16 = schedule.precision == "bfloat16" and has_bfloat16(self.accelerator.device)
        self.graphs: Graphs | None = None
        if schedule.graphs and self.accelerator.device.type == "cuda":
            if self.accelerator.num_processes > 1:
                raise MusiError("schedule.graphs: for one process; start it without accelerate launch, or with graphs: false")
            self.graphs = Graphs(cast(StaticLoss, module).of_tensors, list(self.names.values()), self.bfloat16)
        optimizers = make_optimizers(groups(), schedule, module)
        self.base_lrs = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
        self.optimizers = optimizers
        if self.resume_path.exists():
            self._load()
        elif self.accelerator.is_main_process:
            write_atomically(out_dir / "recipe.yaml", recipe_text.encode())
            write_atomically(self.metrics_path, b"")
        self.wrapped = cast(PartLoss, module if schedule.shard else self.accelerator.prepare(module))

    @property
    def main(self) -> bool:
        return bool(self.accelerator.is_main_process)

    def _load(self) -> None:
        tensors, metadata = load_tensors(self.resume_path)
        if metadata.get("recipe") != self.recipe_text:
            raise MusiError(
                f"{self.out_dir / 'recipe.yaml'}: this run was started with another recipe; "
                "use that one, or choose another directory"
            )
        self.step = int(metadata["step"])
        self.best, self.stale = json.loads(metadata["best"]), int(metadata["stale"])
        with torch.no_grad():
            for name, parameter in self.names.items():
                parameter.copy_(as_sharded(tensors[f"model.{name}"], parameter))
        names = {id(parameter): name for name, parameter in self.names.items()}
        for optimizer in self.optimizers:
            for parameter in (p for group in optimizer.param_groups for p in group["params"]):
                prefix = f"optimizer.{names[id(parameter)]}/"
                state = {key.removeprefix(prefix): x for key, x in tensors.items() if key.startswith(prefix)}
                if state:
                    optimizer.state[parameter] = {
                        k: x.to(parameter.device) if k == "step" else as_sharded(x, parameter) for k, x in state.items()
                    }
        if self.main:
            lines = self.metrics_path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if line.endswith(b"\n") and json.loads(line)["step"] <= self.step]
            write_atomically(self.metrics_path, b"".join(kept))

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {f"model.{name}": gathered(p) for name, p in self.names.items()}
        names = {id(parameter): name for name, parameter in self.names.items()}
        for optimizer in self.optimizers:
            for parameter, state in optimizer.state.items():
                name = f"optimizer.{names[id(parameter)]}"
                tensors |= {f"{name}/{key}": gathered(torch.as_tensor(x)) for key, x in state.items()}
        if not self.main:
            return
        metadata = {"step": str(self.step), "recipe": self.recipe_text, "best": json.dumps(self.best), "stale": str(self.stale)}
        save_tensors(self.resume_path, tensors, metadata)

    def _log(self, metrics: Metrics) -> None:
        if not self.main:
            return
        with self.metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step, **metrics}) + "\n")
        if self.accelerator.trackers:
            self.accelerator.log(dict(_flat(metrics)), step=self.step)

    def train(self, batches: Steps, validate: Callable[[], Metrics], checkpoint: Callable[[], None]) -> None:
        """Run to the last step, or until validation has not bettered for `patience` times; `checkpoint` writes the model."""
        schedule = self.schedule
        console = Console(stderr=True, quiet=not self.main)
        if schedule.precision == "bfloat16" and not self.bfloat16:
            console.print("this processor has no bfloat16 products: training in float32, its losses differ in the last digits")
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        with Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), console=console) as progress:
            task = progress.add_task("training", total=schedule.steps, completed=self.step)
            while self.step < schedule.steps and not self._stopped():
                numbers = self._step(batches[self.step])
                self._log(numbers)
                words = f"loss {numbers['loss']:.3f} · {numbers['tokens_per_s']:,.0f} tok/s"
                progress.update(task, completed=self.step, description=words)
                last = self.step == schedule.steps
                better = False
                if last or self.step % schedule.validate_every == 0:
                    with whole(self.module):
                        metrics = validate()
                    better = self._judge(metrics["answer_ppl"])
                    self._log(metrics)
                    words = " · ".join(f"{name} {value:.4f}" for name, value in metrics.items())
                    console.print(f"step {self.step:,}: {words}")
                saving = last or self.step % schedule.save_every == 0 or self._stopped()
                if better if schedule.patience else saving:
                    with whole(self.module):
                        if self.main:
                            checkpoint()
                if saving or better:
                    self._save()
            if self._stopped():
                console.print(f"stopped at step {self.step:,}: no better than {self.best:.4f} for {self.stale} validations")
        self.accelerator.wait_for_everyone()  # Gloo's threads let go of tensors now: as the interpreter ends, that aborts it
        self.accelerator.end_training()

    def _stopped(self) -> bool:
        return _out_of_patience(self.schedule, self.stale)

    def _judge(self, value: float) -> bool:
        """Whether a validation is the best one so far."""
        better = self.best is None or value < self.best
        self.best, self.stale = (value, 0) if better else (self.best, self.stale + 1)
        return better

    def _step(self, batch: Step) -> Metrics:
        """One optimiser step on a global batch."""
        start = time.perf_counter()
        factor = lr_factor(self.step, self.schedule)
        for optimizer, lrs in zip(self.optimizers, self.base_lrs, strict=True):
            for group, lr in zip(optimizer.param_groups, lrs, strict=True):
                group["lr"] = lr * factor
        loss, metrics = self._gradients(batch)
        norm = gathered(nn.utils.clip_grad_norm_(self.names.values(), CLIP))
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=self.graphs is None)
        if not torch.isfinite(norm):
            raise MusiError(
                f"{self.out_dir}: the gradient is not finite at step {self.step + 1}; lower schedule.lr and start a new run"
            )
        self.step += 1
        speed = sum(x.tokens for x in batch) / (time.perf_counter() - start)
        numbers = {"loss": loss.item(), "lr": self.base_lrs[0][0] * factor, "grad_norm": norm.item()}
        more = {name: value.item() if isinstance(value, Tensor) else value for name, value in metrics.items()}
        return {**numbers, "tokens_per_s": round(speed), **more}

    def _gradients(self, batch: Step) -> tuple[Tensor, Metrics]:
        """Loss and gradients of a global batch."""
        if self.graphs is not None:
            losses = [self.graphs.run(part, self.accelerator.device) for part in cast(list[Part], batch)]
            return torch.stack(losses).sum(), {}
        examples = cast(list[Example], batch)
        world, accumulate = self.accelerator.num_processes, self.schedule.accumulate
        total = cast(PartLoss, self.module).total(examples)
        loss = torch.zeros((), device=self.accelerator.device)
        metrics: Metrics = {}
        parts = split_evenly(examples, world * accumulate)
        mine = self.accelerator.process_index
        for i in range(accumulate):
            part = parts[i * world + (mine if i % 2 == 0 else world - 1 - mine)]  # in turns, so that all have about as much
            last = i == accumulate - 1
            look = last and self.step % LOOK_EVERY == 0
            if self.schedule.shard:
                cast(FSDPModule, self.module).set_requires_gradient_sync(last)
            with nullcontext() if last or self.schedule.shard else self.accelerator.no_sync(self.wrapped):
                # A process without examples runs one all the same: the others wait for its part of the gradient.
                with torch.autocast(self.accelerator.device.type, torch.bfloat16, self.bfloat16):
                    part_loss, found = self.wrapped(part or examples[:1], total, look)
                part_loss = part_loss * (1.0 if part else 0.0)
                self.accelerator.backward(part_loss * world)  # processes average their gradients
            loss += part_loss.detach()
            for name, value in found.items():
                if isinstance(value, Tensor):  # not yet a number: to ask for one is to wait for the device
                    value = metrics.get(name, 0.0) + value
                metrics[name] = value
        shares = {name: value for name, value in metrics.items() if isinstance(value, Tensor)}
        loss, *sums = self.accelerator.reduce(torch.stack([loss, *(value.float() for value in shares.values())]), "sum")
        return loss, metrics | dict(zip(shares, sums, strict=True))


def finished(out_dir: Path, recipe_text: str, schedule: Schedule) -> bool:
    """Whether a run of this recipe in this directory has come to its end. Raises MusiError where its resume file is broken."""
    path = out_dir / RESUME
    if not path.exists():
        return False
    found = load_metadata(path)
    if found.get("recipe") != recipe_text:
        return False
    return int(found["step"]) == schedule.steps or _out_of_patience(schedule, int(found["stale"]))


def _out_of_patience(schedule: Schedule, stale: int) -> bool:
    """Whether so many validations since the best one end a run."""
    return 0 < schedule.patience <= stale


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies in bfloat16; a processor that imitates it takes five times as long as in float32."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _available(tracker: Tracker | None) -> Tracker | None:
    """The tracker asked for. Raises MusiError when it is not installed."""
    from accelerate.tracking import get_available_trackers

    if tracker is not None and tracker not in (available.value for available in get_available_trackers()):
        raise MusiError(f"--track {tracker}: not installed; pip install 'musi[{tracker}]'")
    return tracker


def _flat(metrics: Metrics, prefix: str = "") -> list[tuple[str, float]]:
    """Nested metrics as pairs of path and number."""
    rows: list[tuple[str, float]] = []
    for name, value in metrics.items():
        rows += _flat(value, f"{prefix}{name}/") if isinstance(value, dict) else [(f"{prefix}{name}", float(value))]
    return rows
