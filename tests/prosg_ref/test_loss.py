"""The chunked cross entropy against torch's own."""

import torch
import torch.nn.functional as F

from prosg_ref import loss
from prosg_ref.loss import head_cross_entropy


def test_equals_torch_in_value_and_gradients(monkeypatch) -> None:
    monkeypatch.setattr(loss, "ROWS", 7)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 11, 8, generator=generator, requires_grad=True)
    head = (torch.randn(50, 8, generator=generator) * 3).requires_grad_()
    targets = torch.randint(0, 50, (3, 11), generator=generator)
    weights = torch.rand(3, 11, generator=generator) * (torch.rand(3, 11, generator=generator) > 0.4)

    found, hits = head_cross_entropy(x, head, targets, weights)
    logits = x @ head.T
    losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    wanted = (losses * weights.flatten()).sum() / weights.sum()
    torch.testing.assert_close(found, wanted)
    assert torch.equal(hits, (logits.argmax(-1) == targets)[weights > 0])
    for a, b in zip(torch.autograd.grad(found * 2, (x, head)), torch.autograd.grad(wanted * 2, (x, head)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_an_impossible_target_has_a_finite_and_exact_loss() -> None:
    x, head = torch.tensor([[[1.0]]]), torch.tensor([[0.0], [500.0]])
    value, _ = head_cross_entropy(x, head, torch.tensor([[0]]), torch.ones(1, 1))
    assert value == 500.0


def test_frozen_head_gets_no_gradient() -> None:
    x, head = torch.randn(1, 4, 8, requires_grad=True), torch.randn(20, 8)
    head_cross_entropy(x, head, torch.zeros(1, 4, dtype=torch.int64), torch.ones(1, 4))[0].backward()
    assert x.grad is not None
    assert head.grad is None
