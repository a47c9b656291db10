"""Token shift of RWKV-4: each token mixed with the one before it, by shares of its own for key, value and receptance.

One pass of C++ for all of them where it can be compiled, plain torch otherwise; the numbers are the same to rounding.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .native import operators

SOURCE = Path(__file__).with_name("mix.cpp")


def kernel() -> Any | None:
    """The compiled operators, or None where they cannot be compiled."""
    return operators(SOURCE, "operators of torch")


class _Mix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, before: Tensor, shares: Tensor) -> tuple[Tensor, ...]:
        ctx.save_for_backward(x, before, shares)
        ops = kernel()
        assert ops is not None
        return tuple(ops.forward(x, before, shares))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        ops = kernel()
        assert ops is not None
        gx, gb, gs = ops.backward(*ctx.saved_tensors, [g.contiguous() for g in grads])
        return gx, gb, gs.sum(0)


def mix(x: Tensor, before: Tensor, shares: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """share · x_t + (1 - share) · x_{t-1} for each of two or three shares.

    Args:
        x: (B, T, D), T >= 1. before: the token before the first one, (B, D).
        shares: of the present token, (1, 1, D) each.

    Returns:
        One (B, T, D) for each of the shares.
    """
    if x.shape[1] > 1 and x.dtype == torch.float32 and x.device.type == "cpu" and kernel() is not None:
        mixed: tuple[Tensor, ...] = _Mix.apply(x.contiguous(), before.contiguous(), torch.cat(list(shares)).squeeze(1))
        return mixed
    last = shift(x, before)
    return tuple(torch.lerp(last, x, share) for share in shares)


def shift(x: Tensor, before: Tensor) -> Tensor:
    """Each position's previous token. (B, T, D), (B, D) -> (B, T, D)"""
    if x.shape[1] == 1:
        return before.unsqueeze(1)
    return torch.cat([before.unsqueeze(1), x[:, :-1]], 1)
