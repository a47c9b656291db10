"""Decoding in one call of C++ (`decode.cpp`): one token of each text through the whole model.

The path in plain torch costs a hundred small operators a token, on a small model nearly all of the time. Both give the
same numbers up to rounding; this one is taken when there is no gradient, tensors are on the CPU, vectors in float32, and
a compiler is found.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .linear import FEW, kernel

if TYPE_CHECKING:
    from .change import LowRank
    from .rwkv4 import RWKV4

log = logging.getLogger(__name__)


@cache
def _log_choice(fused: bool) -> None:
    log.info("decode: using %s", "one C++ call a token" if fused else "the operators of torch")


def fits(model: "RWKV4", tokens: Tensor) -> bool:
    """Whether `step` can take these tokens (B, 1)."""
    if torch.is_grad_enabled() or tokens.device.type != "cpu" or model.wkv_impl not in ("auto", "cpu"):
        return False
    norm = model.ln_out.weight
    found = tokens.shape[0] <= FEW and norm.dtype == torch.float32 and norm.device.type == "cpu" and kernel() is not None
    _log_choice(found)
    return found


def tensors(module: nn.Module) -> list[Tensor]:
    """`list(module.parameters())`, in a tenth of the time."""
    found: list[Tensor] = [x for x in module._parameters.values() if x is not None]
    for child in module._modules.values():
        if child is not None:
            found += tensors(child)
    return found


def step(
    weights: list[Tensor], tokens: Tensor, state: tuple[Tensor, Tensor, Tensor], changes: Mapping[int, "LowRank"]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Read one token of each row.

    Args:
        weights: those of the model, as `tensors` gives them; matrices in float32, float16 or bfloat16.
        tokens: ids, (B,).
        state: att_shift, wkv, ffn_shift as in `State`.
        changes: by a matrix's place in `weights`.

    Returns:
        Logits (B, V), and the new state in the order given.
    """
    ops = kernel()
    assert ops is not None
    a = [change.a if change.a.stride(-1) == 1 else change.a.contiguous() for change in changes.values()]
    b = [change.b if change.b.stride(-1) == 1 else change.b.contiguous() for change in changes.values()]
    logits, att_shift, wkv, ffn_shift = ops.step(tokens, *state, weights, a, b, list(changes))
    return logits, att_shift, wkv, ffn_shift
