"""Costs of a recipe: exact where they can be, and of the right size against a real run."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from musi.compose import SEPARATOR
from musi.errors import MusiError
from prosg_ref.checkpoint import load_backbone
from prosg_ref.dry_run import plan_backbone, plan_prosg
from prosg_ref.examples import Batches, load_items
from prosg_ref.objectives import BackboneLoss, ProSGLoss
from prosg_ref.prosg import ProSG
from prosg_ref.recipes import BackboneRecipe, ProSGRecipe, load_recipe, shipped
from prosg_ref.split import split_evenly
from prosg_ref.stack import TokenAttention

LARGE = ["rwkv4-430m", "rwkv4-1b5", "rwkv4-3b", "rwkv4-7b"]
SIZES = {"rwkv4-430m": 430e6, "rwkv4-1b5": 1.515e9, "rwkv4-3b": 2.985e9, "rwkv4-7b": 7.393e9}


@pytest.mark.parametrize("name", LARGE)
def test_large_recipes_are_planned(name: str) -> None:
    found = plan_backbone(shipped(f"{name}-backbone.yaml"), "8*h100")
    assert found["parameters"] == pytest.approx(SIZES[name], rel=0.01)
    assert found["fits"]
    module = plan_prosg(shipped(f"{name}-prosg-tokens.yaml"), "8*a100-80gb")
    assert 0 < module["synthesis_parameters"] == module["trained_parameters"] < 0.2 * SIZES[name]
    assert module["parameters"] - module["trained_parameters"] == found["parameters"]
    assert module["flops_per_step"] < found["flops_per_step"]


def recipe(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return path


SCHEDULE = (
    "schedule: {steps: 64, batch_size: 4, accumulate: 4, lr: 0.1, max_tokens: 20000, single_share: 0.3, prompt_weight: 0.1}"
)


def onednn_flops(x: Sequence[int], weight: Sequence[int], *_: object, **__: object) -> int:
    """Of x Wᵀ, which torch's counter does not know when oneDNN does it."""
    return 2 * math.prod(x) * weight[0]


ONEDNN = {torch.ops.mkldnn._linear_pointwise: onednn_flops}


def test_flops_are_those_of_a_real_step(tmp_path: Path, data_dir: Path, backbone_dir: Path) -> None:
    """Against torch's own counter over a window of real batches, which differ in length from the probed items."""
    backbone, tokenizer = load_backbone(backbone_dir)
    shape = "model: {n_layer: 3, n_embd: 32, vocab_size: 400}"
    for module in ("", "source: tokens", "source: tokens, key: input, metric: 8"):
        if not module:
            path = recipe(tmp_path, f"data: {data_dir}\n{shape}\n{SCHEDULE}")
            loaded = load_recipe(path, BackboneRecipe)
            loss, plan = BackboneLoss(backbone, loaded.schedule), plan_backbone(path, "cpu")
        else:
            path = recipe(tmp_path, f"data: {data_dir}\nbackbone: {backbone_dir}\nprosg: {{{module}}}\n{SCHEDULE}")
            loaded = load_recipe(path, ProSGRecipe)
            loss = ProSGLoss(ProSG(backbone, loaded.prosg), loaded, tokenizer.encode(SEPARATOR))
            plan = plan_prosg(path, "cpu")
        batches = Batches(load_items(data_dir / "train.jsonl"), tokenizer, loaded.schedule)
        total, tokens = 0.0, 0
        for step in range(10):
            with FlopCounterMode(display=False, custom_mapping=ONEDNN) as counter:
                for part in split_evenly(batches[step], loaded.schedule.accumulate):
                    loss(part, 1.0, False)[0].backward()
            total += counter.get_total_flops()
            tokens += sum(e.tokens for e in batches[step])
        measured, planned = total / tokens, plan["flops_per_step"] / plan["tokens_per_step"]
        assert planned == pytest.approx(measured, rel=0.35), module


def test_flops_of_attention_are_those_of_its_products() -> None:
    size, width = 40, 16
    x, counted = torch.randn(2, 3, size, width), torch.ones(2, size, dtype=torch.bool)
    with FlopCounterMode(display=False, custom_mapping=ONEDNN) as counter:
        TokenAttention(width)(x, counted).sum().backward()
    found = counter.get_flop_counts()["Global"]
    assert sum(found[products] for products in (torch.ops.aten.bmm, torch.ops.aten.baddbmm)) == 2 * 3 * 12 * size**2 * width


def test_unknown_devices_and_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(MusiError, match=r"--device tpu: unknown; one of cpu, .*8\*NAME"):
        plan_backbone(shipped("tiny-backbone-copy.yaml"), "tpu")
    with pytest.raises(MusiError, match=r"config\.json: No such file"):
        plan_backbone(recipe(tmp_path, f"init_from: nowhere\n{SCHEDULE}"), "cpu")


def test_what_is_left_out_and_what_stands_still_is_not_counted(tmp_path: Path, backbone_dir: Path) -> None:
    text = f"backbone: {backbone_dir}\nprosg: {{source: tokens, recall: 2}}\n{SCHEDULE}\n".replace(", prompt_weight: 0.1", "")
    whole = plan_prosg(recipe(tmp_path, text), "cpu")
    short = plan_prosg(recipe(tmp_path, text.replace("lr: 0.1", "lr: 0.1, max_words: 40")), "cpu")
    assert short["tokens_per_step"] < 0.8 * whole["tokens_per_step"]
    part = plan_prosg(recipe(tmp_path, text + "parts: [recall]\n"), "cpu")
    assert 0 < part["trained_parameters"] < part["synthesis_parameters"] == whole["trained_parameters"]
    taught = plan_prosg(recipe(tmp_path, text + "losses: {gates: 1.0}\n"), "cpu")
    assert taught["flops_per_step"] > whole["flops_per_step"]
