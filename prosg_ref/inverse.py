"""Inverses of many symmetric positive definite matrices at once.

On the CPU they are torch's. On a GPU torch's take turns and wait for the device, so there blocks of 64 are inverted by a kernel
(the sweep operator: Goodnight 1979, "A tutorial on the SWEEP operator"), and larger ones put together from them by products
(Schur complements).
"""

from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

LEAF = 64


def inverse(matrices: Tensor) -> Tensor:
    """Inverses of symmetric positive definite matrices, (B, n, n) in float32; gradients flow."""
    if matrices.device.type == "cpu" or kernels() is None:
        return torch.linalg.inv(matrices)
    found: Tensor = _Inverse.apply(matrices)
    return found


class _Inverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrices: Tensor) -> Tensor:
        rest = -matrices.shape[1] % LEAF
        if rest:  # an identity in the corner changes nothing else
            size = matrices.shape[1] + rest
            whole = torch.eye(size, device=matrices.device).repeat(matrices.shape[0], 1, 1)
            whole[:, :-rest, :-rest] = matrices
            found = blocked(whole)[:, :-rest, :-rest].contiguous()
        else:
            found = blocked(matrices)
        ctx.save_for_backward(found)
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (found,) = ctx.saved_tensors
        return -torch.bmm(found, torch.bmm(grads[0], found))  # the inverse is its own transpose


def blocked(m: Tensor) -> Tensor:
    """Inverses of symmetric matrices whose size is a multiple of LEAF, by halves. (B, n, n) -> the same shape"""
    size = m.shape[1]
    if size == LEAF:
        return leaves(m)
    half = (size // LEAF + 1) // 2 * LEAF
    b = m[:, :half, half:]
    first = blocked(m[:, :half, :half])
    left = torch.bmm(first, b)
    second = blocked(torch.baddbmm(m[:, half:, half:], b.transpose(1, 2), left, alpha=-1))  # of the Schur complement
    across = torch.bmm(left, second)
    out = torch.empty_like(m)
    torch.baddbmm(first, across, left.transpose(1, 2), out=out[:, :half, :half])
    out[:, :half, half:] = -across
    out[:, half:, :half] = -across.transpose(1, 2)
    out[:, half:, half:] = second
    return out


def leaves(m: Tensor) -> Tensor:
    """Inverses of symmetric matrices of the size LEAF, on a GPU. (B, LEAF, LEAF) -> the same shape"""
    ours = kernels()
    assert ours is not None
    out = torch.empty(m.shape, device=m.device)
    ours.sweep[(m.shape[0],)](m, out, m.stride(0), m.stride(1), size=LEAF, num_warps=4)
    return out


@cache
def kernels() -> ModuleType | None:
    """The module with the kernel, or None where there is no Triton."""
    try:
        from . import inverse_gpu
    except ImportError:
        return None
    return inverse_gpu
