"""The WKV recurrence as a C++ kernel for the CPU, see `wkv.cpp`."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..native import operators

SOURCE = Path(__file__).with_name("wkv.cpp")


def kernel() -> Any | None:
    """The compiled operators, or None where they cannot be compiled."""
    return operators(SOURCE, "pure-torch scan")


class _WKV(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> Any:
        ops = kernel()
        assert ops is not None
        out, last = ops.forward(k, v, w, u, state, lengths)
        ctx.save_for_backward(k, v, w, u, state, lengths)
        return out, last

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        ops = kernel()
        assert ops is not None
        grad_out, grad_last = (g.contiguous() for g in grads)
        gk, gv, gw, gu, gs = ops.backward(*ctx.saved_tensors, grad_out, grad_last)
        return gk, gv, gw.sum(0), gu.sum(0), gs, None


def wkv_cpu(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Same contract as `wkv_naive`, float32 on the CPU only; call `kernel()` first to know that it is there."""
    args = [x.contiguous() for x in (k, v, w, u, state, lengths)]
    if not torch.is_grad_enabled():  # while decoding, the bookkeeping of autograd would cost more than the kernel
        ops = kernel()
        assert ops is not None
        out, last = ops.forward(*args)
    else:
        out, last = _WKV.apply(*args)
    return out, last
