"""Matrix products with float16 weights and float32 everything else: half the bytes that decoding reads per token.

float16 keeps 11 bits of a weight where bfloat16 keeps 8, at the same size and speed; weights of this family are far from
its limits (6e-5 to 65504).
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .native import operators

SOURCE = Path(__file__).with_name("lowbit.cpp")
ROWS = 32  # up to so many rows reading W is the cost; beyond, widening it once and multiplying in float32 is faster


def kernel() -> Any | None:
    """The compiled operator, or None where it cannot be compiled."""
    return operators(SOURCE, "product with widened weights")


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x Wᵀ in x's dtype, W in the same or in float16. (…, d_in), (d_out, d_in) -> (…, d_out)"""
    if weight.dtype == x.dtype:
        return F.linear(x, weight)
    rows = x.numel() // x.shape[-1]
    fits = x.dtype == torch.float32 and x.device.type == "cpu" and not (x.requires_grad and torch.is_grad_enabled())
    if fits and rows <= ROWS and (ops := kernel()) is not None:
        out: Tensor = ops.linear(x.reshape(rows, -1), weight)
        return out.view(*x.shape[:-1], -1)
    return F.linear(x, weight.to(x.dtype))
