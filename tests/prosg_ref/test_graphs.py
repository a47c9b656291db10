"""Parts of fixed shapes give the loss and the gradients of the step that they were cut from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import random_backbone, random_prosg

from prosg_ref.examples import Example
from prosg_ref.graphs import cut
from prosg_ref.recipes import ProSGRecipe, Schedule
from prosg_ref.train import BackboneLoss, ProSGLoss

SCHEDULE = Schedule(steps=1, lr=1e-3, prompt_weight=0.2, stage_tokens=3)


def examples() -> list[Example]:
    generator = torch.Generator().manual_seed(0)

    def ids(n: int) -> list[int]:
        return torch.randint(1, 400, (n,), generator=generator).tolist()

    return [Example(ids(p), ids(a), (a - 1, 1)) for p, a in ((5, 4), (150, 9), (7, 90), (60, 3), (1, 2), (64, 65), (130, 2))]


def loss_of(phase: str) -> BackboneLoss | ProSGLoss:
    if phase == "backbone":
        return BackboneLoss(random_backbone(), SCHEDULE)
    model = random_prosg("offsets")
    recipe = ProSGRecipe(backbone=Path("nowhere"), prosg=model.config, schedule=SCHEDULE)
    return ProSGLoss(model, recipe, [1])


def given(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(x) if x.dtype == np.float32 else torch.from_numpy(x).long()


@pytest.mark.parametrize("phase", ["backbone", "prosg"])
def test_parts_add_up_to_the_step(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prosg_ref.graphs.PART_TOKENS", 600)
    loss = loss_of(phase)
    wanted, _ = loss(examples(), loss.total(examples()), False)
    parameters = [p for p in loss.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(wanted, parameters, allow_unused=True)

    parts = cut(loss, examples())
    assert len(parts) > 1
    assert sum(part.tokens for part in parts) == sum(e.tokens for e in examples())
    found = sum(loss.of_tensors(*map(given, part.arrays)) for part in parts)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    for ours, theirs in zip(torch.autograd.grad(found, parameters, allow_unused=True), gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-3)


def test_a_part_has_as_many_rows_as_its_examples_need() -> None:
    loss = loss_of("backbone")
    assert [part.arrays[0].shape for part in cut(loss, examples())] == [(4, 64), (4, 128), (4, 192)]
    many = [examples()[0]] * 5_000
    assert [part.arrays[0].shape for part in cut(loss, many)] == [(1024, 64)] * 4 + [(1024, 64)]
