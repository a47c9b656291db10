"""Training in two phases: the backbone on prompts and answers, then the synthesis module on a frozen backbone.

    musi train backbone --config tiny-backbone-copy --out runs/tiny-backbone-copy
    accelerate launch --multi_gpu --num_processes 2 -m musi train backbone --config tiny-backbone-copy \\
        --out runs/tiny-backbone-copy

The second line runs the same recipe on several processes, with the same global batches and, to rounding, the same losses.
What a run directory holds, and how a run resumes, stands in `prosg_ref.run`.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from musi.compose import SEPARATOR, multi_example
from musi.errors import MusiError
from musi.schema import Item

from .ahead import drawn_ahead
from .checkpoint import load_backbone, load_module, save_backbone, save_prosg
from .evaluate import Control, Variant, forced
from .examples import Batches, Example, load_items, tokenize
from .labels import alike
from .objectives import BackboneLoss, ProSGLoss
from .parts import named, shrink, synthesis_groups
from .prosg import ProSG
from .recipes import BackboneRecipe, BackboneShape, ProSGRecipe, Schedule, load_recipe
from .run import Metrics, Run, Tracker
from .rwkv4 import RWKV4, RWKV4Config
from .spelling import folded
from .tokenizer import AnyTokenizer, Tokenizer
from .whiten import whiten

TOKENIZER_ITEMS = 4_000  # items that the tokenizer's merges are learnt from
TIED_STD = 0.05  # of the entries of a matrix that is embedding and output layer at once


def train_backbone(config: Path, out_dir: Path, tracker: Tracker | None = None) -> None:
    """Phase 1: train or fine-tune a backbone by a recipe; the checkpoint ends in `out_dir`.

    Raises MusiError for a broken recipe, missing data, a run of another recipe in `out_dir`, or a loss that blows up.
    """
    recipe = load_recipe(config, BackboneRecipe)
    schedule = recipe.schedule
    items = load_items(recipe.data / "train.jsonl")
    torch.manual_seed(schedule.seed)
    backbone, tokenizer = _start_backbone(recipe, items)
    if recipe.tied:
        backbone.emb.weight = backbone.head.weight
    backbone.gradient_checkpointing = schedule.gradient_checkpointing
    loss = BackboneLoss(backbone, schedule)
    batches = drawn_ahead(Batches(items, tokenizer, schedule), loss)
    validation = _validation(recipe.data, tokenizer, schedule)
    run = Run(
        out_dir,
        config.read_text("utf-8"),
        schedule,
        loss,
        lambda: backbone.lr_groups(schedule.lr),
        tracker,
    )

    def validate() -> Metrics:
        found = forced(Variant(backbone), validation)
        return {"answer_ppl": found.answer_ppl, "token_acc": found.token_acc, "stage_acc": found.stage_acc}

    run.train(batches, validate, lambda: save_backbone(out_dir, backbone, tokenizer, schedule.store))


def train_prosg(config: Path, out_dir: Path, tracker: Tracker | None = None) -> None:
    """Phase 2: train the synthesis module of a frozen backbone by a recipe; the module ends in `out_dir`.

    Validation also scores the backbone alone and the shuffled control. With `joint` the backbone is trained as well and ends in
    `out_dir/backbone`.
    """
    recipe = load_recipe(config, ProSGRecipe)
    schedule = recipe.schedule
    backbone, tokenizer = load_backbone(recipe.backbone)
    if recipe.model is not None:
        _check_shape(backbone, recipe.model, recipe.backbone)
    items = load_items(recipe.data / "train.jsonl")
    torch.manual_seed(schedule.seed)
    model = _start_prosg(recipe, backbone, tokenizer, items, config)
    backbone.gradient_checkpointing = schedule.gradient_checkpointing
    backbone.requires_grad_(recipe.joint)
    shrink(model.synthesis, recipe.shrunk, f"{config}: shrunk")
    if recipe.parts:
        model.synthesis.requires_grad_(False)
        for _, parameter in named(model.synthesis, recipe.parts, f"{config}: parts"):
            parameter.requires_grad_(True)

    def groups() -> list[dict[str, Any]]:
        return synthesis_groups(model.synthesis, schedule.lr, recipe.key_share) + (
            backbone.lr_groups(schedule.lr) if recipe.joint else []
        )

    loss = ProSGLoss(model, recipe, tokenizer.encode(SEPARATOR), alike(tokenizer), folded(tokenizer))
    asks = recipe.pointing or bool(recipe.losses.recall)
    batches = drawn_ahead(Batches(items, tokenizer, schedule, asks))
    validation = _validation(recipe.data, tokenizer, schedule)
    run = Run(out_dir, config.read_text("utf-8"), schedule, loss, groups, tracker, some_unused=recipe.placed or asks)

    def validate() -> Metrics:
        metrics: Metrics = {}
        controls: tuple[tuple[str, Control], ...] = (("", "none"), ("off_", "off"), ("shuffled_", "shuffled"))
        for prefix, control in controls:
            found = forced(Variant(model, control), validation)
            metrics |= {
                f"{prefix}answer_ppl": found.answer_ppl,
                f"{prefix}token_acc": found.token_acc,
                f"{prefix}stage_acc": found.stage_acc,
            }
        return metrics

    def checkpoint() -> None:
        if recipe.joint:
            save_backbone(out_dir / "backbone", backbone, tokenizer, schedule.store)
        save_prosg(out_dir, model, out_dir / "backbone" if recipe.joint else recipe.backbone, schedule.store)

    run.train(batches, validate, checkpoint)


def _validation(data: Path, tokenizer: AnyTokenizer, schedule: Schedule) -> list[Example]:
    items = load_items(data / "validation.jsonl")[: schedule.validation_items]
    return tokenize([multi_example(item) for item in items], tokenizer)


def _start_backbone(recipe: BackboneRecipe, items: list[Item]) -> tuple[RWKV4, AnyTokenizer]:
    shape = recipe.model
    if recipe.init_from is not None:
        backbone, tokenizer = load_backbone(recipe.init_from)
        if shape is not None:
            _check_shape(backbone, shape, recipe.init_from)
        return backbone, tokenizer
    assert shape is not None
    texts = [text for item in items[:TOKENIZER_ITEMS] for text in multi_example(item)]
    learnt = Tokenizer.train(texts, shape.vocab_size)
    backbone = RWKV4(RWKV4Config(shape.n_layer, shape.n_embd, shape.vocab_size, shape.ctx_len))
    with torch.no_grad():
        for block in backbone.layers:  # the official decays, stretched over a longer range
            block.att.time_decay.add_(5).mul_((3 - recipe.slowest_decay) / 8).add_(recipe.slowest_decay)
        if recipe.tied:
            nn.init.normal_(backbone.head.weight, std=TIED_STD)
    return backbone, learnt


def _start_prosg(recipe: ProSGRecipe, backbone: RWKV4, tokenizer: AnyTokenizer, items: list[Item], config: Path) -> ProSG:
    """The module that the recipe goes on from, or one at ΔW = 0."""
    if recipe.init_from is not None:
        model = load_module(recipe.init_from, backbone)
        gained = ("recall", "reach", "address")
        missing = [name for name in gained if not getattr(model.config, name) and getattr(recipe.prosg, name)]
        if missing and model.config == recipe.prosg.model_copy(update=dict.fromkeys(missing, 0)):
            grown = ProSG(backbone, recipe.prosg)
            grown.synthesis.load_state_dict(model.synthesis.state_dict(), strict=False)
            model = grown
        if model.config != recipe.prosg:
            raise MusiError(f"{config}: prosg: not that of {recipe.init_from}; give the same to go on from it")
        model.train()
    else:
        try:
            model = ProSG(backbone, recipe.prosg)
        except ValueError as error:
            raise MusiError(f"{config}: prosg.{error}") from None
    if recipe.whiten:
        examples = tokenize([multi_example(item) for item in items[: recipe.whiten]], tokenizer)
        try:
            whiten(model, examples)
        except ValueError as error:
            raise MusiError(f"{config}: {error}; mend prosg, or leave whiten out") from None
    return model


def _check_shape(backbone: RWKV4, shape: BackboneShape, where: Path) -> None:
    for name, wanted in shape.model_dump(exclude={"ctx_len"}).items():
        found = getattr(backbone.config, name)
        if found != wanted:
            raise MusiError(f"{where}: {name} is {found}, the recipe's `model` says {wanted}; give the checkpoint it is for")
