"""The kernel for few rows against torch's product, and a model with float16 weights that says the same."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tiny_models import random_backbone, random_prosg

from prosg_ref import linear as linear_module
from prosg_ref.generate import Request, generate
from prosg_ref.linear import linear
from prosg_ref.tokenizer import Tokenizer

TOKENS = torch.randint(0, 400, (2, 40), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rows", [1, 2, 4, 7, 32, 33])
@pytest.mark.parametrize(("d_in", "d_out"), [(1, 1), (15, 3), (64, 5), (100, 130)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@torch.no_grad()
def test_product(rows: int, d_in: int, d_out: int, dtype: torch.dtype) -> None:
    x, w = torch.randn(rows, d_in), torch.randn(d_out, d_in).to(dtype)
    torch.testing.assert_close(linear(x, w), F.linear(x, w.float()), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        linear(x.view(1, rows, 1, d_in), w), F.linear(x, w.float()).view(1, rows, 1, -1), atol=1e-4, rtol=1e-4
    )


@torch.no_grad()
def test_every_float16_is_widened_exactly() -> None:
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.float16)
    every = every[every.isfinite()].view(-1, 1)
    found = linear(torch.ones(1, 17), F.pad(every, (0, 16)))  # the last column of a row of 17 goes another way
    last = linear(torch.ones(1, 17), F.pad(every, (16, 0)))
    assert torch.equal(found[0], every.squeeze(1).float())
    assert torch.equal(last[0], every.squeeze(1).float())


def test_gradient_goes_through() -> None:
    x, w = torch.randn(2, 8, requires_grad=True), torch.randn(3, 8).half()
    linear(x, w).sum().backward()
    torch.testing.assert_close(x.grad, w.float().sum(0).expand(2, -1))


@torch.no_grad()
def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = torch.randn(2, 8), torch.randn(3, 8).half()
    wanted = linear(x, w)
    monkeypatch.setattr(linear_module, "kernel", lambda: None)
    torch.testing.assert_close(linear(x, w), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_model_with_float16_weights() -> None:
    model = random_backbone()
    small = model.with_float16_weights()
    assert {p.dtype for p in small.parameters()} == {torch.float16, torch.float32}
    assert all((p.dtype == torch.float16) == (p.dim() == 2) for p in small.parameters())
    assert model.head.weight.dtype == torch.float32
    rounded = random_backbone()
    for p in rounded.parameters():
        if p.dim() == 2:
            p.copy_(p.half())
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
    model.backbone = model.backbone.with_float16_weights()
    assert [x.text for x in generate(model, tokenizer, requests)] == wanted
    assert generate(model, tokenizer, requests[:1])[0].text == wanted[0]


@pytest.mark.slow
def test_shipped_model_gives_the_same_answers() -> None:
    from musi.build import split_lines
    from musi.compose import SEPARATOR, multi_example
    from musi.schema import parse_item
    from prosg_ref.checkpoint import load_backbone

    model, words = load_backbone(Path(linear_module.__file__).parent / "weights" / "tiny" / "backbone")
    prompts = [multi_example(parse_item(line, "validation"))[0] for line in split_lines("validation", 20)]
    requests = [Request(tuple(words.encode(p)), tuple(words.encode(SEPARATOR))) for p in prompts]
    assert generate(model, words, requests) == generate(model.with_float16_weights(), words, requests)
