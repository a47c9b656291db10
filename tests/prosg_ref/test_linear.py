"""The kernel for few rows against torch's product, and a model with 16-bit weights that says the same."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tiny_models import random_backbone, random_prosg

from prosg_ref import linear as linear_module
from prosg_ref.generate import Request, generate
from prosg_ref.linear import Linear, linear
from prosg_ref.tokenizer import Tokenizer

TOKENS = torch.randint(0, 400, (2, 40), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rows", [1, 2, 4, 7, 8, 9, 16, 17, 64, 65])
@pytest.mark.parametrize(("d_in", "d_out"), [(1, 1), (15, 3), (64, 5), (100, 130), (300, 7)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@torch.no_grad()
def test_product(rows: int, d_in: int, d_out: int, dtype: torch.dtype) -> None:
    x, w = torch.randn(rows, d_in), torch.randn(d_out, d_in).to(dtype)
    torch.testing.assert_close(linear(x, w), F.linear(x, w.float()), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        linear(x.view(1, rows, 1, d_in), w), F.linear(x, w.float()).view(1, rows, 1, -1), atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 2, 9])
@torch.no_grad()
def test_every_16_bit_number_is_widened_exactly(dtype: torch.dtype, rows: int) -> None:
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    every = every[every.float().abs().float() < torch.inf].view(-1, 1)
    wanted = every.squeeze(1).float()
    for padding in ((0, 16), (16, 0)):  # the last column of a row of 17 goes another way
        found = linear(torch.ones(rows, 17), F.pad(every, padding))
        assert torch.equal(found, wanted.expand(rows, -1))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rows", [3, 100])
def test_layer_is_torchs(bias: bool, rows: int) -> None:
    layer, other = Linear(40, 30, bias=bias), torch.nn.Linear(40, 30, bias=bias)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(2, rows, 40)
    torch.testing.assert_close(layer(x), other(x), atol=1e-5, rtol=1e-4)
    layer(x).square().sum().backward()
    other(x).square().sum().backward()
    for ours, theirs in zip(layer.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-3, rtol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), other(x), atol=1e-5, rtol=1e-4)


def test_gradient_goes_through() -> None:
    x, w = torch.randn(2, 8, requires_grad=True), torch.randn(3, 8).half()
    linear(x, w).sum().backward()
    torch.testing.assert_close(x.grad, w.float().sum(0).expand(2, -1))


@pytest.mark.parametrize("time", [3, 80])
@torch.no_grad()
def test_rows_that_lie_apart(time: int) -> None:
    x, w = torch.randn(2, time, 40), torch.randn(40, 70)
    torch.testing.assert_close(linear(x[:, -1], w.T), F.linear(x[:, -1], w.T), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(linear(x[:, ::2], w.T), F.linear(x[:, ::2], w.T), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", [65, 256])
@torch.no_grad()
def test_without_onednn(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = torch.randn(rows, 40), torch.randn(70, 40)
    wanted = linear(x, w)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    torch.testing.assert_close(linear(x, w), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = torch.randn(2, 8), torch.randn(3, 8).half()
    wanted = linear(x, w)
    monkeypatch.setattr(linear_module, "kernel", lambda: None)
    torch.testing.assert_close(linear(x, w), wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@torch.no_grad()
def test_model_with_16_bit_weights(dtype: torch.dtype) -> None:
    model = random_backbone()
    small = model.with_16_bit_weights(dtype)
    assert small.layers[0].ffn.key.weight.dtype == dtype
    assert all((p.dtype == dtype) == (p.dim() == 2) for p in small.blocks.parameters())
    assert small.emb.weight.dtype == small.head.weight.dtype == torch.float32
    assert model.head.weight.dtype == torch.float32
    rounded = random_backbone()
    for name, p in rounded.named_parameters():
        if p.dim() == 2 and name.startswith("blocks."):
            p.copy_(p.to(dtype))
    wanted, state = rounded(TOKENS)
    torch.testing.assert_close(small(TOKENS)[0], wanted, atol=1e-4, rtol=1e-4)  # many rows: widened
    logits, after = small(TOKENS[:, :-1])
    logits, after = small(TOKENS[:, -1:], after)  # few rows: the kernel
    torch.testing.assert_close(logits, wanted[:, -1:], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.wkv, state.wkv, atol=1e-4, rtol=1e-4)


def test_generation_under_a_change_of_weights(tokenizer: Tokenizer) -> None:
    model = random_prosg("tokens")
    requests = [Request((5, 9, 30, 41), (8, 9), max_tokens=12), Request((7, 3), (8,), max_tokens=9)]
    wanted = [x.text for x in generate(model, tokenizer, requests)]
    model.backbone = model.backbone.with_16_bit_weights(torch.float16)
    assert [x.text for x in generate(model, tokenizer, requests)] == wanted
    assert generate(model, tokenizer, requests[:1])[0].text == wanted[0]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_shipped_model_gives_the_same_answers(dtype: torch.dtype) -> None:
    from musi.build import split_lines
    from musi.compose import SEPARATOR, multi_example
    from musi.schema import parse_item
    from prosg_ref.checkpoint import load_backbone

    model, words = load_backbone(Path(linear_module.__file__).parent / "weights" / "tiny" / "backbone")
    prompts = [multi_example(parse_item(line, "validation"))[0] for line in split_lines("validation", 20)]
    requests = [Request(tuple(words.encode(p)), tuple(words.encode(SEPARATOR))) for p in prompts]
    wanted = generate(model, words, requests)
    assert generate(model.with_16_bit_weights(dtype), words, requests) == wanted
