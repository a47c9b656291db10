"""The model against two independent ones, and against itself cut into pieces."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from tiny_models import CONFIG, random_backbone

from prosg_ref.change import LowRank, Merged
from prosg_ref.convert import hf_name
from prosg_ref.rwkv4 import RWKV4, RWKV4Config, State

TOKENS = torch.randint(0, CONFIG.vocab_size, (3, 29), generator=torch.Generator().manual_seed(0))


def test_equals_the_rwkv_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RWKV_JIT_ON", "0")
    from rwkv.model import RWKV

    model = random_backbone()
    torch.save(model.state_dict(), tmp_path / "model.pth")
    other = RWKV(model=os.fspath(tmp_path / "model"), strategy="cpu fp32", verbose=False)
    wanted, state = other.forward(TOKENS[0].tolist(), None, full_output=True)
    logits, ours = model(TOKENS[:1])
    torch.testing.assert_close(logits[0], wanted, atol=1e-4, rtol=1e-4)
    for layer in range(CONFIG.n_layer):
        att_shift, aa, bb, pp, ffn_shift = state[5 * layer : 5 * layer + 5]
        found = (ours.att_shift[0, layer], *ours.wkv[0, layer], ours.ffn_shift[0, layer])
        for x, y in zip(found, (att_shift, aa, bb, pp, ffn_shift), strict=True):
            torch.testing.assert_close(x, y, atol=1e-4, rtol=1e-4)


def test_equals_hugging_face() -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    model = random_backbone()
    config = RwkvConfig(
        vocab_size=CONFIG.vocab_size,
        context_length=64,
        hidden_size=CONFIG.n_embd,
        num_hidden_layers=CONFIG.n_layer,
        rescale_every=0,
    )
    other = RwkvForCausalLM(config).eval()
    other.load_state_dict({hf_name(name): x for name, x in model.state_dict().items()})
    torch.testing.assert_close(model(TOKENS[:1])[0], other(TOKENS[:1]).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("cuts", [[0, 29], [0, 1, 2, 29], [0, 7, 20, 29], list(range(30))])
def test_pieces_equal_the_whole(cuts: list[int]) -> None:
    model = random_backbone()
    whole, last = model(TOKENS)
    state, pieces = None, []
    for begin, end in pairwise(cuts):
        logits, state = model(TOKENS[:, begin:end], state)
        pieces.append(logits)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(state.wkv, last.wkv, atol=1e-5, rtol=1e-5)


def test_batch_mates_and_padding_do_not_matter() -> None:
    model = random_backbone()
    lengths = torch.tensor([29, 11, 0])
    last, state = model(TOKENS, lengths=lengths, last_only=True)
    for row in range(2):
        n = int(lengths[row])
        alone, alone_state = model(TOKENS[row : row + 1, :n], last_only=True)
        torch.testing.assert_close(last[row : row + 1], alone, atol=1e-5, rtol=1e-5)
        for name in ("att_shift", "wkv", "ffn_shift"):
            torch.testing.assert_close(getattr(state, name)[row : row + 1], getattr(alone_state, name), atol=1e-5, rtol=1e-5)
    empty = State.zeros(CONFIG, 1, model.emb.weight)
    assert torch.equal(state.wkv[2:], empty.wkv)
    assert torch.equal(state.att_shift[2:], empty.att_shift)


def test_gradient_reaches_a_given_state() -> None:
    model = random_backbone()
    _, state = model(TOKENS[:, :5])
    leaf = State(*(x.detach().requires_grad_() for x in (state.att_shift, state.wkv, state.ffn_shift)))
    model(TOKENS[:, 5:], leaf)[0].square().sum().backward()
    for x in (leaf.att_shift, leaf.wkv, leaf.ffn_shift):
        assert x.grad is not None
        assert x.grad.abs().sum() > 0


def gradients(model: RWKV4, impl: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Of a projection of logits and final state, to every parameter and to the state before."""
    model = model.to(dtype)
    model.wkv_impl = impl
    generator = torch.Generator().manual_seed(4)
    before = State.zeros(CONFIG, 3, torch.zeros(1, dtype=dtype))
    noise = torch.randn(before.wkv.shape, generator=generator, dtype=torch.float64).to(dtype)
    leaf = State(
        before.att_shift + 0.3, torch.cat([noise[:, :, :1], noise[:, :, 1:2].exp(), noise[:, :, 2:]], 2), before.ffn_shift
    )
    parts = {name: getattr(leaf, name).requires_grad_() for name in ("att_shift", "wkv", "ffn_shift")}
    lengths = torch.tensor([29, 11, 2])
    logits, after = model(TOKENS, leaf, lengths)
    outputs = [logits * (torch.arange(29) < lengths.unsqueeze(1)).unsqueeze(2), after.att_shift, after.wkv, after.ffn_shift]
    weights = [torch.randn(x.shape, generator=generator, dtype=torch.float64).to(dtype) for x in outputs]
    inputs = dict(model.named_parameters()) | parts
    return dict(zip(inputs, torch.autograd.grad(outputs, list(inputs.values()), weights), strict=True))


@pytest.mark.parametrize("impl", ["cpu", "scan"])
def test_gradients_equal_those_of_the_naive_loop_in_float64(impl: str) -> None:
    wanted = gradients(random_backbone(), "naive", torch.float64)
    for name, found in gradients(random_backbone(), impl, torch.float32).items():
        error = (found.double() - wanted[name]).norm() / wanted[name].norm()
        assert error < 1e-4, f"{name}: relative error {error:.1e}"


def test_gradient_checkpointing_changes_no_bit() -> None:
    plain = gradients(random_backbone(), "cpu", torch.float32)
    model = random_backbone()
    model.gradient_checkpointing = True
    for name, found in gradients(model, "cpu", torch.float32).items():
        assert torch.equal(found, plain[name]), name


@pytest.mark.parametrize("tokens", [1, 29])
def test_low_rank_change_equals_merged_change(tokens: int) -> None:
    """Both ways of applying factors (through the rank, through the whole matrix) and the merged weight agree."""
    model = random_backbone()
    for rank in (1, 200):
        a, b = torch.randn(1, rank, 4 * CONFIG.n_embd) * 0.05, torch.randn(1, rank, CONFIG.n_embd) * 0.05
        merged = Merged(model.layers[1].ffn.value.weight + b[0].T @ a[0])
        low, _ = model(TOKENS[:1, :tokens], delta={"blocks.1.ffn.value": LowRank(a, b)})
        whole, _ = model(TOKENS[:1, :tokens], delta={"blocks.1.ffn.value": merged})
        torch.testing.assert_close(low, whole, atol=1e-4, rtol=1e-4)


def test_official_initialisation() -> None:
    model = RWKV4(RWKV4Config(n_layer=2, n_embd=8, vocab_size=32))
    att = model.layers[1].att
    assert att.time_decay[0] == -5
    assert att.time_decay[-1] == 3
    torch.testing.assert_close(att.time_first[:3], torch.tensor([-1.2040, -0.7040, -1.7040]), atol=1e-4, rtol=0)
    torch.testing.assert_close(att.time_mix_v.flatten()[0], torch.tensor(0.3))
    assert (att.output.weight == 0).all()
    assert (model.layers[0].ffn.value.weight == 0).all()
    assert model.emb.weight.abs().max() <= 1e-4
    assert len(model.state_dict()) == 18 * 2 + 6


def test_one_layer_model_is_finite() -> None:
    logits, _ = RWKV4(RWKV4Config(n_layer=1, n_embd=8, vocab_size=32))(TOKENS[:, :4] % 32)
    assert logits.isfinite().all()


def test_learning_rate_groups_cover_every_parameter_once() -> None:
    model = random_backbone()
    groups = model.lr_groups(0.1)
    assert [round(group["lr"], 6) for group in groups] == [0.1, 0.2, 0.3]
    assert [len(group["params"]) for group in groups][1:] == [CONFIG.n_layer, CONFIG.n_layer]
    assert len({p for group in groups for p in group["params"]}) == len(list(model.parameters()))


def test_state_bytes() -> None:
    assert State.zeros(CONFIG, 2, torch.zeros(1)).bytes_per_sequence == 5 * CONFIG.n_layer * CONFIG.n_embd * 4
