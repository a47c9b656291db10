"""The real shapes against two independent programs: whole, in pieces, token by token, in batches."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from prosg_ref import decode
from prosg_ref.adapters import state_features
from prosg_ref.convert import hf_name
from prosg_ref.rwkv4 import RWKV4, RWKV4Config, State

pytestmark = pytest.mark.slow

SHAPES = {"169m": RWKV4Config(12, 768, 50277), "430m": RWKV4Config(24, 1024, 50277)}
TOKENS = torch.randint(0, 50277, (3, 65), generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def without_gradient() -> Iterator[None]:
    """As in use: only so are the fast paths of reading and decoding taken."""
    with torch.no_grad():
        yield


@pytest.fixture(scope="module", params=SHAPES)
def model(request: pytest.FixtureRequest) -> RWKV4:
    """Random weights of which every one matters, decays and bonuses as widely spread as in trained models."""
    generator = torch.Generator().manual_seed(1)
    with torch.device("meta"):
        model = RWKV4(SHAPES[request.param])
    tensors = {}
    for name, x in model.state_dict().items():
        noise = torch.randn(x.shape, generator=generator)
        if x.dim() == 2:
            tensors[name] = noise * x.shape[1] ** -0.5
        elif "time_mix" in name:
            tensors[name] = torch.sigmoid(noise)
        elif name.endswith("time_decay"):
            tensors[name] = noise * 3 - 2
        else:
            tensors[name] = noise * 0.3 + (1.0 if ".ln" in name and name.endswith("weight") else 0.0)
    model.load_state_dict(tensors, assign=True)
    return model.requires_grad_(False).eval()


@pytest.fixture(scope="module")
def whole(model: RWKV4) -> tuple[torch.Tensor, State]:
    with torch.no_grad():
        return model(TOKENS)


def close(found: torch.Tensor, wanted: torch.Tensor, tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(found, wanted, atol=tolerance, rtol=tolerance)


def test_equals_the_rwkv_package(
    model: RWKV4, whole: tuple[torch.Tensor, State], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RWKV_JIT_ON", "0")
    from rwkv.model import RWKV

    torch.save(model.state_dict(), tmp_path / "model.pth")
    other = RWKV(model=os.fspath(tmp_path / "model"), strategy="cpu fp32", verbose=False)
    (tmp_path / "model.pth").unlink()
    close(whole[0][0], other.forward(TOKENS[0].tolist(), None, full_output=True)[0])
    state = None
    for t, token in enumerate(TOKENS[0].tolist()[:20]):
        logits, state = other.forward([token], state)
        close(whole[0][0, t], logits)


def test_equals_hugging_face(model: RWKV4, whole: tuple[torch.Tensor, State]) -> None:
    from transformers import RwkvConfig, RwkvForCausalLM

    c = model.config
    config = RwkvConfig(vocab_size=c.vocab_size, hidden_size=c.n_embd, num_hidden_layers=c.n_layer, rescale_every=0)
    with torch.device("meta"):
        other = RwkvForCausalLM(config)
    other.load_state_dict({hf_name(name): x for name, x in model.state_dict().items()}, assign=True)
    close(whole[0][:1], other.eval()(TOKENS[:1]).logits)


@pytest.mark.parametrize("cuts", [[0, 1, 8, 33, 64, 65], list(range(66))], ids=["pieces", "token by token"])
def test_pieces_equal_the_whole(model: RWKV4, whole: tuple[torch.Tensor, State], cuts: list[int]) -> None:
    state, pieces = None, []
    for begin, end in pairwise(cuts):
        logits, state = model(TOKENS[:, begin:end], state)
        pieces.append(logits)
    close(torch.cat(pieces, 1), whole[0])
    assert state is not None
    close(state.wkv, whole[1].wkv)


def test_last_only_is_the_last_of_all(model: RWKV4, whole: tuple[torch.Tensor, State]) -> None:
    logits, state = model(TOKENS, last_only=True)
    close(logits, whole[0][:, -1], 1e-5)
    close(state.ffn_shift, whole[1].ffn_shift, 1e-5)


def test_decoding_equals_the_operators_of_torch(model: RWKV4) -> None:
    for batch in (1, 3, 16):
        tokens = TOKENS.flatten()[: 4 * batch].view(batch, 4)
        _, state = model(tokens[:, :3])
        assert decode.fits(model, tokens[:, 3:])
        found, after = model(tokens[:, 3:], state)
        model.wkv_impl = "scan"
        wanted, expected = model(tokens[:, 3:], state)
        model.wkv_impl = "auto"
        close(found, wanted, 1e-5)
        close(after.wkv, expected.wkv, 1e-5)
        close(after.ffn_shift, expected.ffn_shift, 1e-5)


def test_batch_mates_padding_and_order_do_not_matter(model: RWKV4, whole: tuple[torch.Tensor, State]) -> None:
    order, lengths = torch.tensor([2, 0, 1]), torch.tensor([65, 17, 40])
    logits, state = model(TOKENS[order], lengths=lengths)
    for row, (source, length) in enumerate(zip(order.tolist(), lengths.tolist(), strict=True)):
        close(logits[row, :length], whole[0][source, :length], 1e-5)
        alone, after = model(TOKENS[source : source + 1, :length])
        close(logits[row, :length], alone[0], 1e-5)
        # aa and bb reach 50: compared are their ratio and the log of the whole sum, which are what they mean
        close(state_features(state)[row], state_features(after)[0], 1e-5)
