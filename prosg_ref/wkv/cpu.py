"""The WKV recurrence as a C++ kernel for the CPU, compiled on first use and cached in torch's extension folder.

The compiled file's name holds a digest of source, flags, torch version and processor, so a cached one always fits, and
it is put in place by one rename, so a killed build leaves no lock behind.
"""

import contextlib
import hashlib
import logging
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger(__name__)

SOURCE = Path(__file__).with_name("wkv.cpp")
# OpenMP is on for the compiler only: linking with -fopenmp would bring a second OpenMP runtime beside torch's own, and
# the two fight over the cores. The symbols come from the runtime that torch has loaded.
FLAGS = [
    "-O3",
    "-march=native",
    *(["-mprefer-vector-width=512"] if platform.machine() in ("x86_64", "AMD64") else []),
    "-fopenmp",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-ffp-contract=fast",
]


def _processor() -> str:
    """What -march=native depends on: the processor's feature flags where the system tells them."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return platform.processor()


def library_path() -> Path:
    """Where the compiled kernel for this machine lies, or would lie."""
    from torch.utils.cpp_extension import get_default_build_root

    root = Path(os.environ.get("TORCH_EXTENSIONS_DIR") or get_default_build_root())
    facts = [SOURCE.read_text(encoding="utf-8"), *FLAGS, torch.__version__, platform.machine(), _processor()]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    return root / f"prosg_wkv_{digest}" / "prosg_wkv.so"


@contextlib.contextmanager
def _ninja_on_path() -> Iterator[None]:
    """torch calls `ninja` by name; a virtual environment that is not activated has it beside its python."""
    old = os.environ.get("PATH", "")
    if shutil.which("ninja") is None:
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{old}"
    try:
        yield
    finally:
        os.environ["PATH"] = old


def _build(target: Path) -> None:
    from torch.utils.cpp_extension import get_cxx_compiler, load

    if shutil.which(get_cxx_compiler()) is None:
        raise RuntimeError(f"no compiler {get_cxx_compiler()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    log.info("wkv: compiling %s (once per machine)", SOURCE.name)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch, _ninja_on_path():
        load(
            name="prosg_wkv",
            sources=[str(SOURCE)],
            extra_cflags=FLAGS,
            build_directory=scratch,
            is_python_module=False,
            is_standalone=False,
        )
        os.replace(Path(scratch) / "prosg_wkv.so", target)
    log.info("wkv: compiled in %.0f s to %s", time.perf_counter() - start, target)


@lru_cache(maxsize=1)
def kernel() -> Any | None:
    """The loaded operators, or None after one warning when this machine cannot compile them."""
    try:
        path = library_path()
        if path.exists():
            torch.ops.load_library(str(path))
        else:
            _build(path)
        return torch.ops.prosg_wkv
    except Exception as error:  # every way in which a compiler can be missing or broken ends in the same fallback
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        log.warning("wkv: no C++ kernel (%s); using the slower pure-torch scan. Install g++ and ninja to mend.", reason)
        return None


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
    out, last = _WKV.apply(*args)
    return out, last
