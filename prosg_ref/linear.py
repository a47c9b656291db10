"""x Wᵀ with float32, float16 or bfloat16 weights, by the fastest way there is for the number of rows.

| rows                   | how                                                                                       |
|------------------------|-------------------------------------------------------------------------------------------|
| few, as when decoding  | C++ kernel of ours, compiled on first use; bound by reading W, so 16-bit weights halve it |
| many, or with gradient | oneDNN where torch has it; torch's own (MKL) is slower on processors that are not Intel's  |
| otherwise              | torch's own product, after widening W once                                                |
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .native import operators

SOURCE = Path(__file__).with_name("decode.cpp")
FEW = 64  # rows up to which our kernel is the fastest


def kernel() -> Any | None:
    """The compiled operators, or None where they cannot be compiled."""
    return operators(SOURCE, "operators of torch")


class _Product(torch.autograd.Function):
    """x Wᵀ by oneDNN, its gradient of x as well; MKL is as fast at that of W."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _onednn(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        gx = _onednn(grads[0], weight.t()) if ctx.needs_input_grad[0] else None
        gw = grads[0].flatten(0, -2).t() @ x.flatten(0, -2) if ctx.needs_input_grad[1] else None
        return gx, gw


def _onednn(x: Tensor, weight: Tensor) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return out


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x Wᵀ in x's dtype, W in the same or in 16 bits. (…, d_in), (d_out, d_in) -> (…, d_out)"""
    rows = x.numel() // x.shape[-1]
    if x.dtype != torch.float32 or x.device.type != "cpu" or x.dim() < 2 or torch.is_autocast_enabled("cpu"):
        return F.linear(x, weight.to(x.dtype))
    if rows <= FEW and not torch.is_grad_enabled() and (ops := kernel()) is not None:
        few: Tensor = ops.linear(x.reshape(rows, -1).contiguous(), weight.contiguous())
        return few.view(*x.shape[:-1], -1)
    weight = weight.to(x.dtype)
    if not torch.backends.mkldnn.is_available():
        return F.linear(x, weight)
    if torch.is_grad_enabled():
        many: Tensor = _Product.apply(x, weight)
        return many
    return _onednn(x, weight)


class Linear(nn.Linear):
    """torch's layer, its product by `linear`."""

    def forward(self, x: Tensor) -> Tensor:
        out = linear(x, self.weight)
        return out if self.bias is None else out + self.bias.to(out.dtype)
