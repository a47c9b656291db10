"""x Wᵀ with float32 or float16 weights: a kernel of ours for the few rows of decoding, torch for the rest.

Decoding is bound by reading the weights, so float16 weights nearly halve its time; everything else stays float32.
float16 keeps 11 bits of a weight where bfloat16 keeps 8, at the same size and speed, and weights of this family are far
from its limits (6e-5 to 65504).
"""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .native import operators

SOURCE = Path(__file__).with_name("linear.cpp")
# Numbers of rows for which the kernel is the faster one; otherwise torch's product is, for float16 after widening W once.
ROWS = {torch.float32: range(2, 9), torch.float16: range(1, 33)}


def kernel() -> Any | None:
    """The compiled operator, or None where it cannot be compiled."""
    return operators(SOURCE, "product of torch")


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x Wᵀ in x's dtype, W in the same or in float16. (…, d_in), (d_out, d_in) -> (…, d_out)"""
    rows = x.numel() // x.shape[-1]
    fits = x.dtype == torch.float32 and x.device.type == "cpu" and not torch.is_grad_enabled()
    if fits and rows in ROWS.get(weight.dtype, ()) and (ops := kernel()) is not None:
        out: Tensor = ops.linear(x.reshape(rows, -1), weight.contiguous())
        return out.view(*x.shape[:-1], -1)
    return F.linear(x, weight.to(x.dtype))
