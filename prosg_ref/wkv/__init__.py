"""The WKV recurrence of RWKV-4: a naive reference and three faster paths behind one function.

| impl  | what it is                        | when `auto` takes it                                              |
|-------|-----------------------------------|-------------------------------------------------------------------|
| cpu   | C++ kernel, compiled on first use | float32 tensors on the CPU, where a compiler is found             |
| gpu   | Triton kernels                    | CUDA tensors up to float32; torch for CUDA brings Triton with it  |
| scan  | prefix scan in plain torch        | otherwise                                                         |
| naive | loop over time, the oracle        | never                                                             |
"""

import logging
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

from . import cpu
from .naive import wkv_naive
from .scan import wkv_scan

__all__ = ["IMPLS", "wkv"]

log = logging.getLogger(__name__)


@cache
def gpu_kernels() -> ModuleType | None:
    """The module with the Triton kernels, or None after one warning where there is no Triton."""
    try:
        from . import gpu
    except Exception as error:  # a Triton that does not suit the machine may fail at import in any way
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        log.warning("wkv: no Triton (%s); using the slower pure-torch scan", reason)
        return None
    return gpu


def _wkv_gpu(k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    kernels = gpu_kernels()
    assert kernels is not None
    found: tuple[Tensor, Tensor] = kernels.wkv_gpu(k, v, w, u, state, lengths)
    return found


IMPLS = {"naive": wkv_naive, "scan": wkv_scan, "cpu": cpu.wkv_cpu, "gpu": _wkv_gpu}


@cache
def _log_choice(impl: str, why: str) -> None:
    log.info("wkv: using %s (%s)", impl, why)


def choose(device: str, dtype: torch.dtype, impl: str) -> str:
    """The path for tensors on a kind of device (`cpu`, `cuda`) when `impl` is asked for; raises as `wkv` does."""
    if impl == "auto":
        chosen = "scan"
        if device == "cpu" and dtype == torch.float32 and cpu.kernel() is not None:
            chosen = "cpu"
        elif device == "cuda" and dtype != torch.float64 and gpu_kernels() is not None:
            chosen = "gpu"
        _log_choice(chosen, f"auto for {dtype} on {device}")
        return chosen
    if impl not in IMPLS:
        raise ValueError(f"unknown WKV implementation {impl!r}; one of auto, {', '.join(IMPLS)}")
    if impl == "cpu" and cpu.kernel() is None:
        raise RuntimeError("the C++ WKV kernel did not compile here; use impl='scan'")
    if impl == "gpu" and gpu_kernels() is None:
        raise RuntimeError("Triton is not installed here; use impl='scan'")
    _log_choice(impl, "asked for")
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
        ValueError: unknown `impl`. RuntimeError: `cpu` or `gpu` was asked for and is not to be had.
    """
    if lengths is None:
        lengths = torch.full((k.shape[0],), k.shape[1], dtype=torch.int64, device=k.device)
    return IMPLS[choose(k.device.type, k.dtype, impl)](k, v, w, u, state, lengths)
