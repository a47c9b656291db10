"""What a recipe would cost, without training: parameters, memory, FLOPs and time on given devices.

Parameters are exact, and so are the FLOPs of the matrix products (but for `pointing`), which are nearly all of the work.
Lengths are those of generated train items. Memory and time are estimates, whose assumptions stand in the answer. Models are
on the meta device: nothing is allocated.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from musi.compose import multi_example
from musi.errors import MusiError
from musi.generate import build_item
from musi.rng import Stream

from .checkpoint import BackboneFile, read_config
from .convert import BLOCK_TENSORS
from .examples import Example, draw_texts, tokenize
from .loss import ROWS
from .parts import named
from .prosg import ProSG
from .recall import SPAN
from .recipes import BackboneRecipe, BackboneShape, ProSGRecipe, Schedule, load_recipe
from .rwkv4 import RWKV4, RWKV4Config
from .stack import DISTANCES
from .tokenizer import Tokenizer

PROBED_ITEMS = 200
UTILISATION = 0.35  # share of the peak that training reaches; a core of the CPU's peak is what was measured in training
ADAM_BYTES = 16  # float32 weight, gradient and two moments of a trained parameter


@dataclass(frozen=True)
class Device:
    """Peak FLOP/s of dense matrix products, by makers' data sheets (the CPU core: measured, AVX-512), and memory in bytes."""

    float32: float
    bfloat16: float
    memory: float


DEVICES = {
    "cpu": Device(85e9, 210e9, 16e9),
    "rtx4090": Device(83e12, 165e12, 24e9),
    "a100-80gb": Device(156e12, 312e12, 80e9),
    "h100": Device(495e12, 989e12, 80e9),
    "h200": Device(495e12, 989e12, 141e9),
}


@dataclass(frozen=True)
class _Tokens:
    """Mean numbers of tokens of a step: of prompts, of answers, and of those that the output layer is computed for; and of pairs
    of tokens of one prompt."""

    prompt: float
    answer: float
    predicted: float
    pairs: float


def plan_backbone(config: Path, device: str) -> dict[str, Any]:
    """Phase 1. Raises MusiError for a broken recipe, an unknown device, or a checkpoint whose shape is not known."""
    recipe = load_recipe(config, BackboneRecipe)
    shape = _shape(recipe.model, recipe.init_from)
    backbone = _backbone(shape)
    parameters = sum(p.numel() for p in backbone.parameters())
    tokens = _tokens(recipe.schedule, prompt_weight=recipe.schedule.prompt_weight)
    blocks, head = _matrices(backbone)
    length = tokens.prompt + tokens.answer
    flops = 2 * (3 + recipe.schedule.gradient_checkpointing) * blocks * length + 6 * head * tokens.predicted
    return _plan(shape, recipe.schedule, device, parameters, parameters, 0, flops, tokens, length)


def plan_prosg(config: Path, device: str) -> dict[str, Any]:
    """Phase 2. Raises MusiError as `plan_backbone` does."""
    recipe = load_recipe(config, ProSGRecipe)
    shape = _shape(recipe.model, recipe.backbone)
    backbone = _backbone(shape)
    frozen = sum(p.numel() for p in backbone.parameters())
    try:
        with torch.device("meta"):
            model = ProSG(backbone, recipe.prosg)
    except ValueError as error:
        raise MusiError(f"{config}: prosg.{error}") from None
    module = sum(p.numel() for p in model.synthesis.parameters())
    tokens = _tokens(recipe.schedule, prompt_weight=0.0)
    blocks, head = _matrices(backbone)
    matrices = {name: p.numel() for name, p in model.synthesis.named_parameters() if p.dim() == 2}
    recall = sum(size for name, size in matrices.items() if ".recall." in name)  # once for all layers
    a_layers_own = (".v.p.", ".v.q.", ".says.")
    own = sum(size for name, size in matrices.items() if any(part in name for part in a_layers_own))
    per_layer = sum(matrices.values()) - recall - own + own / shape.n_layer
    chunks = tokens.prompt / recipe.prosg.chunk if recipe.prosg.source == "tokens" else recipe.schedule.batch_size
    rank = chunks / recipe.schedule.batch_size if recipe.prosg.source == "tokens" else recipe.prosg.rank
    sizes = [model.adapter.targets[target] for target in recipe.prosg.targets]
    length = tokens.answer / recipe.schedule.batch_size
    # As factors, or multiplied out first, whichever is the cheaper (`change.changed_linear`); per answer token.
    recalled = SPAN * recipe.prosg.recall
    change = sum(min((rank + recalled) * (a + b), (1 + (rank + recalled) / length) * a * b) for a, b in sizes)
    again = recipe.schedule.gradient_checkpointing
    # The prompt forward; the answer forward and its gradient to activations, and to weights too where the backbone is trained.
    flops = 2 * blocks * tokens.prompt + 2 * (2 + again + recipe.joint) * blocks * tokens.answer + 4 * head * tokens.predicted
    flops += 6 * per_layer * shape.n_layer * chunks + 6 * change * shape.n_layer * tokens.answer
    if recipe.prosg.source == "tokens":  # the regression: products of all keys with one another, and of that with the values
        flops += 6 * chunks * shape.n_layer * sum(min(rank, a) * (a + b) for a, b in sizes)
    attended = tokens.pairs / recipe.prosg.chunk**2 * shape.n_layer * recipe.prosg.attention  # 0 for the other sources
    flops += 12 * attended * (recipe.prosg.width or shape.n_embd)
    pointed = tokens.pairs * len(recipe.prosg.targets) * bool(recipe.prosg.recall)  # attention, and which tokens are the same
    said = 2 * (recipe.prosg.width or shape.n_embd) * shape.n_layer * len(sizes)  # numbers that a token says
    others = [size for target, size in model.adapter.targets.items() if target not in recipe.prosg.targets]
    flops += 6 * recipe.prosg.address * sum(a + b for a, b in others) * shape.n_layer * tokens.answer
    flops += 6 * recall * tokens.prompt + (12 + 6) * pointed * shape.n_embd + 6 * recalled * said * tokens.prompt
    if recipe.losses.reconstruction:
        flops += 4 * (blocks + head) * tokens.prompt
    if recipe.losses.gates or recipe.losses.recall or recipe.placed:  # what the backbone does not know by itself
        flops += 2 * blocks * tokens.answer + 2 * head * tokens.predicted
    if recipe.losses.distil:
        flops += 2 * blocks * (2 * tokens.prompt + tokens.answer) + 2 * head * tokens.predicted
    learning = named(model.synthesis, recipe.parts, f"{config}: parts") if recipe.parts else model.synthesis.named_parameters()
    trained = sum(p.numel() for _, p in learning) + (frozen if recipe.joint else 0)
    products = 2 * len(DISTANCES) * (attended + pointed)
    return _plan(shape, recipe.schedule, device, trained, frozen + module, module, flops, tokens, tokens.answer, products)


def _plan(
    shape: BackboneShape,
    schedule: Schedule,
    device: str,
    trained: int,
    parameters: int,
    module: int,
    flops: float,
    tokens: _Tokens,
    kept_tokens: float,
    kept_products: float = 0.0,
) -> dict[str, Any]:
    """`kept_tokens`: of a step, whose activations are kept for the backward pass; `kept_products`: numbers of its attention."""
    count, name = _device(device)
    peak = DEVICES[name].bfloat16 if schedule.precision == "bfloat16" else DEVICES[name].float32
    seconds = flops / (peak * UTILISATION * count)
    per_part = kept_tokens / schedule.accumulate / count
    tensors = shape.n_layer + BLOCK_TENSORS if schedule.gradient_checkpointing else shape.n_layer * BLOCK_TENSORS
    sharing = count if schedule.shard else 1
    element = 2 if schedule.precision == "bfloat16" else 4
    memory = {
        "frozen_weights": 4 * (parameters - trained) / sharing,
        "trained_weights_gradients_adam": ADAM_BYTES * trained / sharing,
        "activations": element * per_part * shape.n_embd * tensors
        + element * kept_products / schedule.accumulate / count
        + 8 * ROWS * shape.vocab_size,
    }
    total = sum(memory.values())
    held = "sharded over all devices" if schedule.shard else "whole on every device"
    return {
        "shape": shape.model_dump(),
        "parameters": parameters,
        "trained_parameters": trained,
        "synthesis_parameters": module,
        "tokens_per_step": round(tokens.prompt + tokens.answer),
        "steps": schedule.steps,
        "flops_per_step": float(f"{flops:.4g}"),
        "flops": float(f"{flops * schedule.steps:.4g}"),
        "device": {"name": name, "count": count, "peak_flops": peak, "memory_bytes": DEVICES[name].memory},
        "memory_bytes_per_device": {key: round(value) for key, value in {**memory, "total": total}.items()},
        "fits": total < DEVICES[name].memory,
        "hours": float(f"{seconds * schedule.steps / 3600:.3g}"),
        "assumes": f"{UTILISATION:.0%} of peak; weights, gradients and Adam {held}; "
        f"{BLOCK_TENSORS} tensors (B, T, D) kept a block; no padding (more parts, `accumulate`, come near to it); "
        f"lengths of {PROBED_ITEMS} generated train items; `pointing` as if answers ran under ΔW",
    }


def _device(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"(?:([1-9]\d{0,4})\*)?([a-z0-9-]+)", text)
    if match is None or match[2] not in DEVICES:
        raise MusiError(f"--device {text}: unknown; one of {', '.join(DEVICES)}, or 8*NAME for eight of them")
    return int(match[1] or 1), match[2]


def _shape(shape: BackboneShape | None, checkpoint: Path | None) -> BackboneShape:
    if shape is not None:
        return shape
    assert checkpoint is not None
    found = read_config(checkpoint / "config.json", BackboneFile)
    return BackboneShape.model_construct(**found.model_dump(exclude={"architecture", "tied"}))  # its bounds are a recipe's


def _backbone(shape: BackboneShape) -> RWKV4:
    with torch.device("meta"):
        return RWKV4(RWKV4Config(shape.n_layer, shape.n_embd, shape.vocab_size, shape.ctx_len))


def _matrices(backbone: RWKV4) -> tuple[int, int]:
    """Parameters in the matrices of all blocks, and in the output layer."""
    blocks = sum(p.numel() for name, p in backbone.named_parameters() if name.startswith("blocks.") and p.dim() == 2)
    return blocks, backbone.head.weight.numel()


def _tokens(schedule: Schedule, prompt_weight: float) -> _Tokens:
    """Means over generated items, by a tokenizer learnt from them."""
    items = [build_item("train", i) for i in range(PROBED_ITEMS)]
    tokenizer = Tokenizer.train((text for item in items for text in multi_example(item)), 3072)
    rng = Stream(schedule.seed, "dry run")
    drawn = (draw_texts(item, rng, schedule) for item in items)
    pairs = [found[0][:2] for found in drawn if found is not None]
    examples: list[Example] = [e for e in tokenize(pairs, tokenizer) if e.tokens <= schedule.max_tokens]
    if not examples:
        raise MusiError(f"schedule.max_tokens: no example has {schedule.max_tokens} tokens or fewer; raise it")
    scale = schedule.batch_size / len(items)
    prompt = scale * sum(len(e.prompt) for e in examples)
    answer = scale * sum(len(e.answer) for e in examples)
    squares = scale * sum(len(e.prompt) ** 2 for e in examples)
    return _Tokens(prompt, answer, answer + (prompt if prompt_weight else 0.0), squares)
