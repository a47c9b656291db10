"""The token shift: C++ against the plain formula, in values and gradients, and the path without a compiler."""

import pytest
import torch
from torch import Tensor

from prosg_ref import mix as mix_module
from prosg_ref.mix import mix


def naive(x: Tensor, before: Tensor, shares: list[Tensor]) -> list[Tensor]:
    """One token after the other."""
    return [
        torch.stack([share[0] * x[:, t] + (1 - share[0]) * (x[:, t - 1] if t else before) for t in range(x.shape[1])], 1)
        for share in shares
    ]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 2, 16), (3, 7, 19), (17, 40, 130)])
@pytest.mark.parametrize("count", [2, 3])
def test_equals_the_formula(count: int, shape: tuple[int, int, int], compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(mix_module, "kernel", lambda: None)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator).requires_grad_()
    before = torch.randn(shape[0], shape[2], generator=generator).requires_grad_()
    shares = [torch.randn(1, 1, shape[2], generator=generator).requires_grad_() for _ in range(count)]
    found, wanted = mix(x, before, shares), naive(x, before, shares)
    grads = [torch.randn(shape, generator=generator) for _ in shares]
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)
    inputs = (x, before, *shares)
    ours = torch.autograd.grad(sum((a * g).sum() for a, g in zip(found, grads, strict=True)), inputs)
    theirs = torch.autograd.grad(sum((a * g).sum() for a, g in zip(wanted, grads, strict=True)), inputs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_a_mix_that_is_not_used_has_no_gradient() -> None:
    x, before = torch.randn(2, 5, 8, requires_grad=True), torch.randn(2, 8)
    shares = [torch.rand(1, 1, 8) for _ in range(3)]
    mix(x, before, shares)[1].sum().backward()
    other = x.detach().clone().requires_grad_()
    naive(other, before, shares)[1].sum().backward()
    torch.testing.assert_close(x.grad, other.grad)


def test_slices_of_other_tensors_are_mixed_as_they_stand() -> None:
    whole = torch.randn(3, 9, 16)
    shares = [torch.rand(1, 1, 16) for _ in range(2)]
    for a, b in zip(mix(whole[:, 2:6], whole[:, 1], shares), naive(whole[:, 2:6], whole[:, 1], shares), strict=True):
        torch.testing.assert_close(a, b)
