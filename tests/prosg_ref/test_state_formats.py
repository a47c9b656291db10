"""A text read by one program goes on in another from the exported state, in all three orders."""

import os
from pathlib import Path

import pytest
import torch
from tiny_models import CONFIG, random_backbone

from musi.errors import MusiError
from prosg_ref.convert import hf_name
from prosg_ref.rwkv4 import RWKV4, State
from prosg_ref.state_formats import Order, export_state, import_state

TOKENS = torch.randint(0, CONFIG.vocab_size, (2, 21), generator=torch.Generator().manual_seed(3))
BEFORE, AFTER = TOKENS[:, :13], TOKENS[:, 13:]
ORDERS: tuple[Order, ...] = ("official", "hf", "pip")


def assert_same(found: State, wanted: State, tolerance: float = 0.0) -> None:
    for name in ("att_shift", "wkv", "ffn_shift"):
        torch.testing.assert_close(getattr(found, name), getattr(wanted, name), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("order", ORDERS)
def test_round_trip(order: Order) -> None:
    model = random_backbone()
    _, state = model(BEFORE[:1])
    assert_same(import_state(export_state(state, order), order, CONFIG), state)


def test_hugging_face_keeps_every_row() -> None:
    _, state = random_backbone()(BEFORE)
    assert_same(import_state(export_state(state, "hf"), "hf", CONFIG), state)


@torch.no_grad()
def test_pip_rwkv_goes_on_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RWKV_JIT_ON", "0")
    from rwkv.model import RWKV

    model = random_backbone()
    torch.save(model.state_dict(), tmp_path / "model.pth")
    other = RWKV(model=os.fspath(tmp_path / "model"), strategy="cpu fp32", verbose=False)
    _, state = model(BEFORE[:1])
    wanted, end = model(AFTER[:1], state)
    logits, theirs = other.forward(AFTER[0].tolist(), export_state(state, "pip"), full_output=True)
    torch.testing.assert_close(logits, wanted[0], atol=1e-4, rtol=1e-4)
    assert_same(import_state(theirs, "pip", CONFIG), end, 1e-4)
    _, theirs = other.forward(BEFORE[0].tolist(), None)
    torch.testing.assert_close(model(AFTER[:1], import_state(theirs, "pip", CONFIG))[0], wanted, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_hugging_face_goes_on_and_comes_back() -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    model = random_backbone()
    config = RwkvConfig(vocab_size=400, hidden_size=32, num_hidden_layers=3, rescale_every=0)
    other = RwkvForCausalLM(config).eval()
    other.load_state_dict({hf_name(name): x for name, x in model.state_dict().items()})
    _, state = model(BEFORE[:1])
    wanted, end = model(AFTER[:1], state)
    theirs = other(AFTER[:1], state=export_state(state, "hf"), use_cache=True)
    torch.testing.assert_close(theirs.logits, wanted, atol=1e-4, rtol=1e-4)
    assert_same(import_state(theirs.state, "hf", CONFIG), end, 1e-4)
    middle = other(BEFORE[:1], use_cache=True).state
    torch.testing.assert_close(model(AFTER[:1], import_state(middle, "hf", CONFIG))[0], wanted, atol=1e-4, rtol=1e-4)


def official_step(model: RWKV4, token: int, state: torch.Tensor) -> torch.Tensor:
    """One token through the official RNN script's arithmetic, written down again; changes `state` in place."""
    layer_norm, sigmoid = torch.nn.functional.layer_norm, torch.sigmoid
    weights = dict(model.named_parameters())

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return layer_norm(x, (len(x),), weights[f"{name}.weight"], weights[f"{name}.bias"])

    x = norm(weights["emb.weight"][token], "blocks.0.ln0")
    for i in range(model.config.n_layer):
        block, ffn, att = f"blocks.{i}", 5 * i, 5 * i + 1

        def part(name: str, block: str = block) -> torch.Tensor:
            return weights[f"{block}.{name}"].squeeze()

        y = norm(x, f"{block}.ln1")
        k, v, r = (
            part(f"att.{matrix}.weight") @ (y * part(f"att.time_mix_{c}") + state[att] * (1 - part(f"att.time_mix_{c}")))
            for c, matrix in (("k", "key"), ("v", "value"), ("r", "receptance"))
        )
        state[att] = y
        aa, bb, pp = state[5 * i + 2], state[5 * i + 3], state[5 * i + 4]
        q = torch.maximum(pp, part("att.time_first") + k)
        e1, e2 = torch.exp(pp - q), torch.exp(part("att.time_first") + k - q)
        wkv = (e1 * aa + e2 * v) / (e1 * bb + e2)
        decayed = pp - torch.exp(part("att.time_decay"))
        q = torch.maximum(decayed, k)
        e1, e2 = torch.exp(decayed - q), torch.exp(k - q)
        state[5 * i + 2], state[5 * i + 3], state[5 * i + 4] = e1 * aa + e2 * v, e1 * bb + e2, q
        x = x + part("att.output.weight") @ (sigmoid(r) * wkv)

        y = norm(x, f"{block}.ln2")
        k, r = (
            part(f"ffn.{matrix}.weight") @ (y * part(f"ffn.time_mix_{c}") + state[ffn] * (1 - part(f"ffn.time_mix_{c}")))
            for c, matrix in (("k", "key"), ("r", "receptance"))
        )
        state[ffn] = y
        x = x + sigmoid(r) * (part("ffn.value.weight") @ torch.relu(k).square())
    return weights["head.weight"] @ norm(x, "ln_out")


@torch.no_grad()
def test_the_official_script_goes_on_and_comes_back() -> None:
    model = random_backbone()
    _, state = model(BEFORE[:1])
    wanted, end = model(AFTER[:1], state)
    theirs = export_state(state, "official")
    assert isinstance(theirs, torch.Tensor)
    logits = torch.stack([official_step(model, token, theirs) for token in AFTER[0].tolist()])
    torch.testing.assert_close(logits, wanted[0], atol=1e-4, rtol=1e-4)
    assert_same(import_state(theirs, "official", CONFIG), end, 1e-4)


def test_what_does_not_fit_is_refused() -> None:
    _, state = random_backbone()(BEFORE)
    with pytest.raises(MusiError, match="order pip: holds one text, the state has 2 rows"):
        export_state(state, "pip")
    with pytest.raises(ValueError, match="unknown order 'mine'"):
        export_state(state, "mine")
    with pytest.raises(ValueError, match="unknown order 'mine'"):
        import_state([], "mine", CONFIG)
    with pytest.raises(MusiError, match="order official: 4 tensors where this model has 15"):
        import_state(torch.zeros(4, 32), "official", CONFIG)
    with pytest.raises(MusiError, match=r"order pip: tensor 0 is \(31,\) where this model has \(32,\)"):
        import_state([torch.zeros(31)] * 15, "pip", CONFIG)
    with pytest.raises(MusiError, match="order hf: 0 tensors"):
        import_state([], "hf", CONFIG)
