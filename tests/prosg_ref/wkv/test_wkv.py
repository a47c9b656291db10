"""Every WKV path against the naive loop: outputs, final state, gradients to everything."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

import prosg_ref.wkv as wkv_module
from prosg_ref import native
from prosg_ref.wkv import wkv

FAST = ["cpu", "scan"]


def inputs(dtype: torch.dtype, batch: int = 3, time: int = 37, channels: int = 70, spread: float = 3.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    k, v = draw(batch, time, channels) * spread, draw(batch, time, channels)
    w, u = -torch.exp(draw(channels) * 2 - 1), draw(channels)
    state = draw(batch, 3, channels)
    state[:, 1] = state[:, 1].exp()
    state[0, 0:2], state[0, 2] = 0.0, -1e30
    return [x.to(dtype).requires_grad_() for x in (k, v, w, u, state)]


def results(impl: str, dtype: torch.dtype, lengths: Tensor | None, **shape: int | float) -> list[Tensor]:
    """Outputs, final state, and the gradients of a random projection of both."""
    args = inputs(dtype, **shape)
    out, state = wkv(*args, lengths=lengths, impl=impl)
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(x.shape, generator=generator, dtype=torch.float64).to(dtype) for x in (out, state)]
    return [out.detach(), state.detach(), *torch.autograd.grad([out, state], args, weights)]


def assert_close(found: list[Tensor], wanted: list[Tensor], tolerance: float) -> None:
    names = ("out", "state", "grad k", "grad v", "grad w", "grad u", "grad state")
    for name, x, y in zip(names, found, wanted, strict=True):
        real = y.abs() < 1e29  # the log of an empty sum is a marker, not a number
        error = ((x.double() - y)[real].abs().max() / y[real].abs().max()).item()
        assert error < tolerance, f"{name}: relative error {error:.1e}"


@pytest.mark.parametrize("impl", FAST)
@pytest.mark.parametrize("lengths", [None, [37, 0, 20]])
def test_equals_naive(impl: str, lengths: list[int] | None) -> None:
    counts = None if lengths is None else torch.tensor(lengths)
    wanted = results("naive", torch.float64, counts)
    assert_close(results(impl, torch.float32, counts), wanted, 1e-5)


def test_scan_equals_naive_in_float64() -> None:
    assert_close(results("scan", torch.float64, None), results("naive", torch.float64, None), 1e-12)


@pytest.mark.parametrize("impl", FAST)
@pytest.mark.parametrize(("time", "channels"), [(1, 1), (2, 63), (5, 64), (3, 129)])
def test_odd_sizes(impl: str, time: int, channels: int) -> None:
    shape = {"time": time, "channels": channels}
    assert_close(results(impl, torch.float32, None, **shape), results("naive", torch.float64, None, **shape), 1e-5)


@pytest.mark.parametrize("impl", FAST)
def test_extreme_keys_stay_finite(impl: str) -> None:
    wanted = results("naive", torch.float64, None, spread=200.0)
    found = results(impl, torch.float32, None, spread=200.0)
    assert all(x.isfinite().all() for x in found)
    torch.testing.assert_close(found[0].double(), wanted[0], atol=1e-3, rtol=1e-3)


def test_naive_gradients_are_right() -> None:
    args = inputs(torch.float64, batch=2, time=4, channels=3)
    with torch.no_grad():
        args[4][0, 2] = 0.5  # away from the marker, where finite differences mean nothing
    assert torch.autograd.gradcheck(lambda *a: wkv(*a, lengths=torch.tensor([4, 2]), impl="naive"), args)


@pytest.mark.parametrize("impl", ["naive", *FAST])
def test_state_carries_over(impl: str) -> None:
    k, v, w, u, state = (x.detach() for x in inputs(torch.float32))
    whole, last = wkv(k, v, w, u, state, impl=impl)
    first, middle = wkv(k[:, :13], v[:, :13], w, u, state, impl=impl)
    second, end = wkv(k[:, 13:], v[:, 13:], w, u, middle, impl=impl)
    torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(end, last, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("impl", ["naive", *FAST])
def test_outputs_after_the_end_are_zero(impl: str) -> None:
    out, _ = wkv(*inputs(torch.float32), lengths=torch.tensor([5, 0, 37]), impl=impl)
    assert (out[0, 5:] == 0).all()
    assert (out[1] == 0).all()


def test_two_threads_give_the_same_bits() -> None:
    once = results("cpu", torch.float32, None, batch=5, time=300)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        twice = results("cpu", torch.float32, None, batch=5, time=300)
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(x, y) for x, y in zip(once, twice, strict=True))


@pytest.mark.parametrize(
    ("device", "dtype", "installed", "chosen"),
    [
        ("cuda", torch.float32, True, "gpu"),
        ("cuda", torch.bfloat16, True, "gpu"),
        ("cuda", torch.float64, True, "scan"),
        ("cuda", torch.float32, False, "scan"),
        ("cpu", torch.float32, True, "cpu"),
        ("cpu", torch.float64, True, "scan"),
    ],
)
def test_choice_is_logged(
    device: str,
    dtype: torch.dtype,
    installed: bool,
    chosen: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(wkv_module, "gpu_kernels", lambda: wkv_module if installed else None)
    wkv_module._log_choice.cache_clear()
    with caplog.at_level(logging.INFO):
        assert wkv_module.choose(device, dtype, "auto") == chosen
        assert wkv_module.choose(device, dtype, "auto") == chosen
    assert [r.getMessage() for r in caplog.records] == [f"wkv: using {chosen} (auto for {dtype} on {device})"]


def test_without_triton_the_scan_takes_over(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    wkv_module.gpu_kernels.cache_clear()
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "prosg_ref.wkv.gpu", raising=False)
    monkeypatch.delattr(wkv_module, "gpu", raising=False)
    try:
        with caplog.at_level(logging.WARNING):
            assert wkv_module.choose("cuda", torch.float32, "auto") == "scan"
            wkv_module.choose("cuda", torch.float32, "auto")
        assert [r.getMessage()[:16] for r in caplog.records] == ["wkv: no Triton ("]
        with pytest.raises(RuntimeError, match="Triton is not installed here"):
            wkv(*inputs(torch.float32), impl="gpu")
    finally:
        wkv_module.gpu_kernels.cache_clear()


def test_gpu_kernels_equal_naive() -> None:
    """In Triton's interpreter, which has to be chosen before Triton is imported: so in a process of its own."""
    code = "import test_wkv; test_wkv.compare_gpu()"
    environment = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)


def compare_gpu() -> None:
    shape = {"batch": 3, "time": 7, "channels": 40}
    for lengths in (None, [7, 0, 3]):
        counts = None if lengths is None else torch.tensor(lengths)
        wanted = results("naive", torch.float64, counts, **shape)
        assert_close(results("gpu", torch.float32, counts, **shape), wanted, 1e-5)
    k, v, w, u, state = inputs(torch.float32, **shape)
    with torch.no_grad():
        state[:, :2], state[:, 2] = 0.0, -1e30  # nothing read yet, in a row without a token as well
    out, last = wkv(k, v, w, u, state, torch.tensor([7, 0, 3]), "gpu")
    grads = torch.autograd.grad(out.sum() + last[:, :2].sum(), [k, v, w, u, state])
    assert all(x.isfinite().all() for x in (out, last, *grads))
    assert torch.equal(last[1], state[1])


def test_unknown_path_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown WKV implementation 'fast'; one of auto"):
        wkv(*inputs(torch.float32), impl="fast")


def test_without_a_compiler_the_scan_takes_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path
) -> None:
    native.operators.cache_clear()
    try:
        monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("CXX", "no-such-compiler")
        with caplog.at_level(logging.WARNING):
            out, _ = wkv(*inputs(torch.float32))
            wkv(*inputs(torch.float32))
        warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        assert len(warnings) == 1
        assert warnings[0].startswith("wkv: no C++ kernel (")
        torch.testing.assert_close(out, wkv(*inputs(torch.float32), impl="scan")[0])
        with pytest.raises(RuntimeError, match="did not compile"):
            wkv(*inputs(torch.float32), impl="cpu")
    finally:
        native.operators.cache_clear()
