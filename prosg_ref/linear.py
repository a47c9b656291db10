"""x Wᵀ with float32, float16 or bfloat16 weights, by the fastest way there is for the number of rows.

| rows                   | how                                                                                       |
|------------------------|-------------------------------------------------------------------------------------------|
| few, as when decoding  | C++ kernel of ours, compiled on first use; bound by reading W, so 16-bit weights halve it |
| many, float32          | oneDNN where torch has it, which does not slow down on processors that are not Intel's     |
| otherwise              | torch's own product, after widening W once                                                |

Gradients go through torch's product alone. Everything but the weights is float32.
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .native import operators

SOURCE = Path(__file__).with_name("decode.cpp")
FEW = 64  # rows up to which our kernel is the fastest


def kernel() -> Any | None:
    """The compiled operators, or None where they cannot be compiled."""
    return operators(SOURCE, "operators of torch")


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x Wᵀ in x's dtype, W in the same or in 16 bits. (…, d_in), (d_out, d_in) -> (…, d_out)"""
    if x.dtype != torch.float32 or x.device.type != "cpu" or torch.is_grad_enabled():
        return F.linear(x, weight.to(x.dtype))
    rows = x.numel() // x.shape[-1]
    if rows <= FEW and (ops := kernel()) is not None:
        out: Tensor = ops.linear(x.reshape(rows, -1).contiguous(), weight.contiguous())
        return out.view(*x.shape[:-1], -1)
    weight = weight.to(x.dtype)
    if torch.backends.mkldnn.is_available():
        return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")
    return F.linear(x, weight)
