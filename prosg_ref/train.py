"""Training in two phases: the backbone on prompts and answers, then the synthesis module on a frozen backbone.

A run directory holds
    recipe.yaml          a copy of what was asked for
    metrics.jsonl        one line per step, and one per validation
    resume.safetensors   weights, optimiser and step of the last save; one file, replaced by one rename
    …                    the finished checkpoint (see `prosg_ref.checkpoint`), written at every save
A run that was killed and is started again goes on from the last save with the very losses it would have had.
"""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from musi.compose import multi_example
from musi.errors import MusiError

from .checkpoint import (
    load_backbone,
    load_tensors,
    save_backbone,
    save_prosg,
    save_tensors,
    write_atomically,
)
from .examples import Batches, Example, load_items, split_batch, tokenize, whole_batch
from .loss import head_cross_entropy
from .prosg import ProSG
from .recipes import BackboneRecipe, ProSGRecipe, Schedule, load_recipe
from .rwkv4 import RWKV4, RWKV4Config
from .tokenizer import AnyTokenizer, Tokenizer

BETAS = (0.9, 0.99)
TOKENIZER_ITEMS = 4_000  # items that the tokenizer's merges are learnt from
VALIDATION_BATCH = 16

Metrics = dict[str, Any]


def lr_factor(step: int, schedule: Schedule) -> float:
    """Linear warm-up, then a cosine from 1 down to `final_lr_factor` at the last step."""
    if step < schedule.warmup_steps:
        return (step + 1) / schedule.warmup_steps
    done = (step - schedule.warmup_steps) / max(1, schedule.steps - schedule.warmup_steps)
    return schedule.final_lr_factor + (1 - schedule.final_lr_factor) * 0.5 * (1 + math.cos(math.pi * done))


class Run:
    """One training run: the loop, its metrics and its resume file. What is trained comes in as functions."""

    def __init__(
        self,
        out_dir: Path,
        recipe_text: str,
        schedule: Schedule,
        module: nn.Module,
        groups: list[dict[str, Any]],
        resume: bool,
    ) -> None:
        self.out_dir, self.schedule, self.module = out_dir, schedule, module
        self.step = 0
        self.base_lrs = [group["lr"] for group in groups]
        self.optimizer = torch.optim.Adam(groups, betas=BETAS, fused=True)
        self.names = {parameter: name for name, parameter in module.named_parameters()}
        self.metrics_path = out_dir / "metrics.jsonl"
        self.resume_path = out_dir / "resume.safetensors"
        if self.resume_path.exists() and not resume:
            raise MusiError(f"{self.resume_path}: a run is here already; resume it, or choose another directory")
        self.recipe_text = recipe_text
        if self.resume_path.exists():
            self._load()
        else:
            write_atomically(out_dir / "recipe.yaml", recipe_text.encode())
            write_atomically(self.metrics_path, b"")

    def _load(self) -> None:
        tensors, metadata = load_tensors(self.resume_path)
        if metadata.get("recipe") != self.recipe_text:
            raise MusiError(
                f"{self.out_dir / 'recipe.yaml'}: this run was started with another recipe; "
                "use that one, or choose another directory"
            )
        self.step = int(metadata["step"])
        weights = {name: tensors[f"model.{name}"] for name in self.module.state_dict()}
        self.module.load_state_dict(weights)
        for parameter, name in self.names.items():
            if f"exp_avg.{name}" in tensors:
                self.optimizer.state[parameter] = {
                    "step": torch.tensor(float(self.step)),
                    "exp_avg": tensors[f"exp_avg.{name}"],
                    "exp_avg_sq": tensors[f"exp_avg_sq.{name}"],
                }
        lines = self.metrics_path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if line.endswith(b"\n") and json.loads(line)["step"] <= self.step]
        write_atomically(self.metrics_path, b"".join(kept))

    def _save(self) -> None:
        tensors = {f"model.{name}": x for name, x in self.module.state_dict().items()}
        for parameter, name in self.names.items():
            state = self.optimizer.state[parameter]
            tensors[f"exp_avg.{name}"] = state["exp_avg"]
            tensors[f"exp_avg_sq.{name}"] = state["exp_avg_sq"]
        save_tensors(self.resume_path, tensors, {"step": str(self.step), "recipe": self.recipe_text})

    def _log(self, metrics: Metrics) -> None:
        with self.metrics_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step, **metrics}) + "\n")

    def train(
        self,
        batches: Batches,
        loss_of: Callable[[list[Example]], tuple[Tensor, Metrics]],
        validate: Callable[[], Metrics],
        checkpoint: Callable[[], None],
    ) -> None:
        """Run to the last step. `loss_of` gives a scalar loss and metrics to log; `checkpoint` writes the model."""
        schedule, parameters = self.schedule, list(self.names)
        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        console = Console(stderr=True)
        with Progress(*columns, TextColumn("eta"), TimeRemainingColumn(), console=console) as progress:
            task = progress.add_task("training", total=schedule.steps, completed=self.step)
            while self.step < schedule.steps:
                start = time.perf_counter()
                examples = batches[self.step]
                factor = lr_factor(self.step, schedule)
                for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
                    group["lr"] = lr * factor
                loss, metrics = loss_of(examples)
                loss.backward()
                norm = nn.utils.clip_grad_norm_(parameters, schedule.clip)
                if not torch.isfinite(norm):
                    raise MusiError(
                        f"{self.out_dir}: the gradient is not finite at step {self.step + 1}; "
                        "lower schedule.lr and start a new run"
                    )
                self.optimizer.step()
                self.optimizer.zero_grad()
                self.step += 1
                seconds = time.perf_counter() - start
                speed = sum(e.tokens for e in examples) / seconds
                numbers = {"loss": loss.item(), "lr": self.base_lrs[0] * factor, "grad_norm": norm.item()}
                self._log({**numbers, "tokens_per_s": round(speed), **metrics})
                progress.update(task, completed=self.step, description=f"loss {numbers['loss']:.3f} · {speed:,.0f} tok/s")
                last = self.step == schedule.steps
                if last or self.step % schedule.validate_every == 0:
                    metrics = validate()
                    self._log(metrics)
                    words = " · ".join(f"{name} {value:.4f}" for name, value in metrics.items())
                    console.print(f"step {self.step:,}: {words}")
                if last or self.step % schedule.save_every == 0:
                    checkpoint()
                    self._save()


class AnswerMetrics:
    """Teacher-forced scores of answers, gathered batch by batch: perplexity, token accuracy, stage accuracy.

    A stage is right when each of its tokens, its label among them, is the most likely one.
    """

    def __init__(self) -> None:
        self.loss, self.tokens, self.right_tokens, self.stages, self.right_stages = 0.0, 0, 0, 0, 0

    def add(self, loss: Tensor, hits: Tensor, examples: list[Example]) -> None:
        """One batch: its mean loss, whether each answer token was right (N,), and what it was made of."""
        self.loss += loss.item() * len(hits)
        self.tokens += len(hits)
        self.right_tokens += int(hits.sum())
        stages = hits.split([n for example in examples for n in example.stages])
        self.stages += len(stages)
        self.right_stages += sum(bool(stage.all()) for stage in stages)

    def result(self, prefix: str = "") -> Metrics:
        return {
            f"{prefix}answer_ppl": math.exp(self.loss / self.tokens),
            f"{prefix}token_acc": self.right_tokens / self.tokens,
            f"{prefix}stage_acc": self.right_stages / self.stages,
        }


def _validation_batches(path: Path, tokenizer: AnyTokenizer, schedule: Schedule) -> list[list[Example]]:
    pairs = [multi_example(item) for item in load_items(path)[: schedule.validation_items]]
    examples = sorted(tokenize(pairs, tokenizer), key=lambda e: e.tokens)
    return [examples[i : i + VALIDATION_BATCH] for i in range(0, len(examples), VALIDATION_BATCH)]


def _start_backbone(recipe: BackboneRecipe, texts: list[str]) -> tuple[RWKV4, AnyTokenizer]:
    if (recipe.model is None) == (recipe.init_from is None):
        raise MusiError("recipe: give either `model` (from scratch) or `init_from` (a checkpoint), not both")
    if recipe.init_from is not None:
        backbone, tokenizer = load_backbone(recipe.init_from)
        return backbone, tokenizer
    assert recipe.model is not None
    tokenizer = Tokenizer.train(texts, recipe.model.vocab_size)
    shape = recipe.model
    return RWKV4(RWKV4Config(shape.n_layer, shape.n_embd, shape.vocab_size, shape.ctx_len)), tokenizer


def train_backbone(config_path: Path, out_dir: Path, resume: bool = True) -> None:
    """Phase 1: train or fine-tune a backbone by a recipe; the checkpoint ends in `out_dir`.

    Raises MusiError for a broken recipe, missing data, a run of another recipe in `out_dir`, or a loss that blows up.
    """
    recipe = load_recipe(config_path, BackboneRecipe)
    schedule = recipe.schedule
    items = load_items(recipe.data / "train.jsonl")
    torch.manual_seed(schedule.seed)
    texts = [text for item in items[:TOKENIZER_ITEMS] for text in multi_example(item)]
    backbone, tokenizer = _start_backbone(recipe, texts)
    backbone.gradient_checkpointing = schedule.gradient_checkpointing
    groups = backbone.lr_groups(schedule.lr)
    run = Run(out_dir, config_path.read_text(encoding="utf-8"), schedule, backbone, groups, resume)
    validation = _validation_batches(recipe.data / "validation.jsonl", tokenizer, schedule)

    def loss_of(examples: list[Example]) -> tuple[Tensor, Metrics]:
        inputs, targets, weights = whole_batch(examples, schedule.prompt_weight, schedule.stage_tokens)
        x, _ = backbone.hidden(inputs)
        return head_cross_entropy(x, backbone.head.weight, targets, weights)[0], {}

    @torch.no_grad()
    def validate() -> Metrics:
        metrics = AnswerMetrics()
        for examples in validation:
            inputs, targets, weights = whole_batch(examples, 0.0)
            x, _ = backbone.hidden(inputs)
            metrics.add(*head_cross_entropy(x, backbone.head.weight, targets, weights), examples)
        return metrics.result()

    run.train(Batches(items, tokenizer, schedule), loss_of, validate, lambda: save_backbone(out_dir, backbone, tokenizer))


def train_prosg(config_path: Path, out_dir: Path, resume: bool = True) -> None:
    """Phase 2: train the synthesis module of a frozen backbone by a recipe; the module ends in `out_dir`.

    The prompt runs once without ΔW; the answer starts from its state under ΔW, and the gradient flows through the
    answer pass. Validation also scores the shuffled control: every example under its neighbour's ΔW.
    """
    recipe = load_recipe(config_path, ProSGRecipe)
    schedule = recipe.schedule
    backbone, tokenizer = load_backbone(recipe.backbone)
    backbone.gradient_checkpointing = schedule.gradient_checkpointing
    items = load_items(recipe.data / "train.jsonl")
    torch.manual_seed(schedule.seed)
    model = ProSG(backbone, recipe.prosg.config())
    groups = [{"params": list(model.synthesis.parameters()), "lr": schedule.lr}]
    run = Run(out_dir, config_path.read_text(encoding="utf-8"), schedule, model.synthesis, groups, resume)
    validation = _validation_batches(recipe.data / "validation.jsonl", tokenizer, schedule)
    head = backbone.head.weight

    def loss_of(examples: list[Example]) -> tuple[Tensor, Metrics]:
        batch = split_batch(examples, schedule.stage_tokens)
        memory = model.internalize(batch.prompt, batch.prompt_lengths)
        x, _ = backbone.hidden(batch.inputs, memory.state, delta=memory.delta)
        loss, _ = head_cross_entropy(x, head, batch.targets, batch.weights)
        norms = memory.relative_norms(backbone) if run.step % 10 == 0 else {}
        return loss, {"delta_norm": {name: round(value, 5) for name, value in norms.items()}} if norms else {}

    @torch.no_grad()
    def validate() -> Metrics:
        variants = {"": AnswerMetrics(), "off_": AnswerMetrics(), "shuffled_": AnswerMetrics()}
        for examples in validation:
            batch = split_batch(examples)
            memory = model.internalize(batch.prompt, batch.prompt_lengths)
            for name, delta in (("", memory.delta), ("off_", {}), ("shuffled_", memory.shuffled().delta)):
                x, _ = backbone.hidden(batch.inputs, memory.state, delta=delta)
                variants[name].add(*head_cross_entropy(x, head, batch.targets, batch.weights), examples)
        return {key: value for name, metrics in variants.items() for key, value in metrics.result(name).items()}

    run.train(Batches(items, tokenizer, schedule), loss_of, validate, lambda: save_prosg(out_dir, model, recipe.backbone))
