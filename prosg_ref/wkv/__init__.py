"""The WKV recurrence of RWKV-4: a naive reference and two faster paths behind one function.

| impl  | what it is                                   | when `auto` takes it                                  |
|-------|----------------------------------------------|-------------------------------------------------------|
| cpu   | C++ kernel, compiled on first use            | float32 tensors on the CPU, where a compiler is found |
| scan  | prefix scan in plain torch                   | otherwise                                             |
| naive | loop over time, the oracle                   | never                                                 |
"""

import logging
from functools import cache

import torch
from torch import Tensor

from .cpu import kernel, wkv_cpu
from .naive import wkv_naive
from .scan import wkv_scan

__all__ = ["IMPLS", "wkv"]

log = logging.getLogger(__name__)

IMPLS = {"naive": wkv_naive, "scan": wkv_scan, "cpu": wkv_cpu}


@cache
def _log_choice(impl: str, why: str) -> None:
    log.info("wkv: using %s (%s)", impl, why)


def _choose(k: Tensor, impl: str) -> str:
    if impl == "auto":
        fits = k.device.type == "cpu" and k.dtype == torch.float32
        chosen = "cpu" if fits and kernel() is not None else "scan"
        _log_choice(chosen, f"auto for {k.dtype} on {k.device.type}")
        return chosen
    if impl not in IMPLS:
        raise ValueError(f"unknown WKV implementation {impl!r}; one of auto, {', '.join(IMPLS)}")
    if impl == "cpu" and kernel() is None:
        raise RuntimeError("the C++ WKV kernel did not compile here; use impl='scan'")
    return impl


def wkv(
    k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor | None = None, impl: str = "auto"
) -> tuple[Tensor, Tensor]:
    """Weighted mean of values with exponential decay, one per channel: RWKV-4's replacement for attention.

    Args:
        k, v: keys and values, (B, T, C).
        w: log decay per step, -exp(time_decay), (C,).
        u: bonus of the current token, time_first, (C,).
        state: aa, bb, pp before the first token, (B, 3, C); at the start of a text 0, 0, -1e30.
        lengths: (B,) tokens of each row that count, for batches padded on the right. Later outputs are 0, and the
            returned state is the one after the row's own last token. None: all of them.
        impl: `auto`, or a key of `IMPLS`.

    Returns:
        out (B, T, C), state (B, 3, C). Both carry gradients to every float argument.

    Raises:
        ValueError: unknown `impl`. RuntimeError: `cpu` was asked for and cannot be compiled.
    """
    if lengths is None:
        lengths = torch.full((k.shape[0],), k.shape[1], dtype=torch.int64, device=k.device)
    return IMPLS[_choose(k, impl)](k, v, w, u, state, lengths)
