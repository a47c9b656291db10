"""Parts of fixed shapes give the loss and the gradients of the step that they were cut from."""

import pytest
import torch
from tiny_models import random_backbone

from prosg_ref.examples import Example
from prosg_ref.graphs import cut
from prosg_ref.objectives import BackboneLoss
from prosg_ref.recipes import Schedule

SCHEDULE = Schedule(steps=1, lr=1e-3, prompt_weight=0.2, stage_tokens=3)


def examples() -> list[Example]:
    generator = torch.Generator().manual_seed(0)

    def ids(n: int) -> list[int]:
        return torch.randint(1, 400, (n,), generator=generator).tolist()

    return [Example(ids(p), ids(a), (a - 1, 1)) for p, a in ((5, 4), (150, 9), (7, 90), (60, 3), (1, 2), (64, 65), (130, 2))]


def test_parts_add_up_to_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prosg_ref.graphs.PART_TOKENS", 600)
    loss = BackboneLoss(random_backbone(), SCHEDULE)
    wanted, _ = loss(examples(), loss.total(examples()), False)
    gradients = torch.autograd.grad(wanted, list(loss.parameters()))

    parts = cut(loss, examples())
    assert sum(part.tokens for part in parts) == sum(e.tokens for e in examples())
    given = [[torch.from_numpy(x) for x in part.arrays] for part in parts]
    found = torch.stack([loss.of_tensors(inputs.long(), targets.long(), weights) for inputs, targets, weights in given]).sum()
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    for ours, theirs in zip(torch.autograd.grad(found, list(loss.parameters())), gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-3)


def test_a_part_has_as_many_rows_as_its_examples_need() -> None:
    loss = BackboneLoss(random_backbone(), SCHEDULE)
    assert [part.arrays[0].shape for part in cut(loss, examples())] == [(4, 64), (4, 128), (4, 192)]
    assert [part.arrays[0].shape for part in cut(loss, [examples()[0]] * 1_100)] == [(1024, 64), (96, 64)]
