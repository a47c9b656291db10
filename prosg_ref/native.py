"""Our C++ operators: compiled on first use and cached in torch's extension folder.

The compiled file's name holds a digest of sources, flags, torch version and processor, so a cached one always fits, and
it is put in place by one rename, so a killed build leaves no lock behind.
"""

import contextlib
import hashlib
import logging
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch

log = logging.getLogger(__name__)

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


def _texts(source: Path) -> list[str]:
    """The source and the headers of ours that it includes, and those that these include."""
    text = source.read_text(encoding="utf-8")
    headers = re.findall(r'^#include "(.+)"$', text, re.MULTILINE)
    return [text, *(more for name in headers for more in _texts(source.parent / name))]


def library_path(source: Path) -> Path:
    """Where a compiled source for this machine lies, or would lie."""
    from torch.utils.cpp_extension import get_default_build_root

    root = Path(os.environ.get("TORCH_EXTENSIONS_DIR") or get_default_build_root())
    facts = [*_texts(source), *FLAGS, torch.__version__, platform.machine(), _processor()]
    digest = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    name = f"prosg_{source.stem}"
    return root / f"{name}_{digest}" / f"{name}.so"


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


def _build(source: Path, target: Path) -> None:
    from torch.utils.cpp_extension import get_cxx_compiler, load

    if shutil.which(get_cxx_compiler()) is None:
        raise RuntimeError(f"no compiler {get_cxx_compiler()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    log.info("compiling %s (once per machine)", source.name)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch, _ninja_on_path():
        load(
            name=target.stem,
            sources=[str(source)],
            extra_cflags=FLAGS,
            build_directory=scratch,
            is_python_module=False,
            is_standalone=False,
        )
        os.replace(Path(scratch) / target.name, target)
    log.info("compiled in %.0f s to %s", time.perf_counter() - start, target)


@cache
def operators(source: Path, otherwise: str) -> Any | None:
    """The operators `torch.ops.prosg_<source>`, or None after one warning when this machine cannot compile them.

    otherwise: what is used instead, for the warning.
    """
    try:
        path = library_path(source)
        if path.exists():
            torch.ops.load_library(str(path))
        else:
            _build(source, path)
        return getattr(torch.ops, f"prosg_{source.stem}")
    except Exception as error:  # every way in which a compiler can be missing or broken ends in the same fallback
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        log.warning("%s: no C++ kernel (%s); using the slower %s. Install g++ and ninja to mend.", source.stem, reason, otherwise)
        return None
