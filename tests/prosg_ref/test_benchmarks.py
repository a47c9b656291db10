"""The benchmarks run at a small shape and end in the keys that the documentation names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BARS = {
    "train_vs_hf_tiny",
    "train_vs_hf_169m",
    "matmul_share_169m",
    "prefill_vs_rwkv_169m",
    "decode_vs_rwkv_169m",
    "decode_lowbit_vs_rwkv_169m",
    "batch16_decode_speedup",
    "threads2_speedup",
}


@pytest.mark.slow
def test_rwkv_benchmark_ends_in_its_keys() -> None:
    shape = ["--layers", "1", "--width", "32", "--vocab", "300", "--repeats", "1"]
    command = [sys.executable, str(BENCHMARKS / "rwkv.py"), "--json", *shape]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert set(json.loads(done.stdout.splitlines()[-1])) >= BARS


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["phase1", "phase2"])
def test_a_training_step_at_430m_fits_in_20_gb(phase: str) -> None:
    command = [sys.executable, str(BENCHMARKS / "rwkv_memory.py"), "--phase", phase]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert 2 < json.loads(done.stdout)[f"peak_gb_430m_{phase}"] < 20


def test_every_bar_is_in_the_documentation() -> None:
    text = (BENCHMARKS.parent / "docs" / "performance.md").read_text(encoding="utf-8")
    assert [key for key in sorted(BARS) if f"`{key}`" not in text] == []
