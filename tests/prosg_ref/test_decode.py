"""One token in one call of C++ against the operators of torch: outputs, state, under changes of weights, on two threads."""

from itertools import pairwise

import pytest
import torch
from tiny_models import CONFIG, random_backbone, random_prosg

from prosg_ref import decode
from prosg_ref.change import Change, LowRank, Merged, Tap
from prosg_ref.generate import Request, generate
from prosg_ref.rwkv4 import RWKV4, RWKV4Config, State
from prosg_ref.tokenizer import Tokenizer


def both(model: RWKV4, tokens: torch.Tensor, state: State | None, delta: dict[str, Change]) -> None:
    """Compare the two paths on one token a row."""
    assert decode.fits(model, tokens)
    found, after = model(tokens, state, delta=delta)
    model.wkv_impl = "naive"
    try:
        assert not decode.fits(model, tokens)
        wanted, expected = model(tokens, state, delta=delta)
    finally:
        model.wkv_impl = "auto"
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)
    for name in ("att_shift", "wkv", "ffn_shift"):
        torch.testing.assert_close(getattr(after, name), getattr(expected, name), atol=1e-5, rtol=1e-5)


def changes(batch: int, generator: torch.Generator) -> dict[str, Change]:
    """A change of every kind of matrix: factors that are slices and expansions of larger tensors, and a merged weight."""

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * 0.1

    d = CONFIG.n_embd
    delta: dict[str, Change] = {
        "blocks.0.att.key": LowRank(draw(batch, 3, 5, d)[:, 1], draw(batch, 3, 5, d)[:, 1]),
        "blocks.1.att.receptance": LowRank(draw(1, 5, d).expand(batch, -1, -1), draw(1, 5, d).expand(batch, -1, -1)),
        "blocks.2.ffn.key": LowRank(draw(batch, d, 2).transpose(1, 2), draw(batch, 4 * d, 2).transpose(1, 2)),
        "blocks.2.ffn.value": LowRank(draw(batch, 40, 4 * d), draw(batch, 40, d)),
        "blocks.0.att.output": Merged(draw(d, d)),
    }
    return delta


@pytest.mark.parametrize("batch", [1, 2, 8, 9, 64])
@torch.no_grad()
def test_equals_the_operators_of_torch(batch: int) -> None:
    model = random_backbone()
    generator = torch.Generator().manual_seed(batch)
    tokens = torch.randint(0, CONFIG.vocab_size, (batch, 6), generator=generator)
    both(model, tokens[:, :1], None, {})
    _, state = model(tokens[:, :5])
    both(model, tokens[:, 5:], state, {})
    both(model, tokens[:, 5:], state, changes(batch, generator))


@pytest.mark.parametrize("config", [RWKV4Config(1, 1, 1), RWKV4Config(1, 17, 3), RWKV4Config(2, 50, 1001)])
@torch.no_grad()
def test_odd_shapes(config: RWKV4Config) -> None:
    model = random_backbone(config=config)
    for batch in (1, 5):
        both(model, torch.zeros(batch, 1, dtype=torch.int64), None, {})


@torch.no_grad()
def test_nothing_given_is_changed() -> None:
    model = random_backbone()
    _, state = model(torch.tensor([[3, 4, 5]]))
    before = [x.clone() for x in (state.att_shift, state.wkv, state.ffn_shift, *model.parameters())]
    model(torch.tensor([[6]]), state)
    after = (state.att_shift, state.wkv, state.ffn_shift, *model.parameters())
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))


@torch.no_grad()
def test_two_threads_give_the_same_bits() -> None:
    model = random_backbone(config=RWKV4Config(2, 256, 3000))
    threads = torch.get_num_threads()
    try:
        for batch in (1, 5):
            results = []
            for count in (1, 2):
                torch.set_num_threads(count)
                results.append(model(torch.arange(batch).unsqueeze(1))[0])
            assert torch.equal(*results)
    finally:
        torch.set_num_threads(threads)


def test_weights_are_in_the_order_of_parameters() -> None:
    model = random_backbone()
    assert all(x is y for x, y in zip(decode.tensors(model), model.parameters(), strict=True))


@torch.no_grad()
def test_weights_put_in_place_later_are_used() -> None:
    model, other = random_backbone(), random_backbone(seed=1)
    tokens = torch.tensor([[7]])
    model(tokens)
    model.load_state_dict(other.state_dict(), assign=True)
    assert torch.equal(model(tokens)[0], other(tokens)[0])


@torch.no_grad()
def test_bad_input_is_an_error_and_no_crash() -> None:
    model = random_backbone()
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        model(torch.tensor([[CONFIG.vocab_size]]))
    with pytest.raises(RuntimeError, match="the state must be"):
        model(torch.tensor([[1], [2]]), State.zeros(CONFIG, 1, model.emb.weight))
    with pytest.raises(RuntimeError, match="weight 59: not a vector of 32"):
        model(torch.tensor([[1]]), State.zeros(RWKV4Config(9, CONFIG.n_embd, 1), 1, model.emb.weight))
    with pytest.raises(RuntimeError, match="a change must be"):
        model(torch.tensor([[1]]), delta={"blocks.0.att.key": LowRank(torch.ones(1, 2, 3), torch.ones(1, 2, 3))})


def test_gradient_takes_the_path_of_torch() -> None:
    model = random_backbone()
    assert not decode.fits(model, torch.tensor([[1]]))
    model(torch.tensor([[1]]))[0].sum().backward()
    assert model.emb.weight.grad is not None


@pytest.mark.parametrize("source", ["state", "tokens", "constant"])
def test_generation_with_and_without_it(source: str, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_prosg(source)
    requests = [
        Request((5, 9, 30, 41), (8, 9), max_tokens=12),
        Request((7, 3), (8,), max_tokens=9),
        Request((), (4,), max_tokens=5),
    ]
    found = [generate(model, tokenizer, requests), generate(model, tokenizer, requests[:1])]
    monkeypatch.setattr(decode, "fits", lambda *_: False)
    assert [generate(model, tokenizer, requests), generate(model, tokenizer, requests[:1])] == found


@torch.no_grad()
def test_a_tap_takes_the_path_of_torch_and_sees_every_input() -> None:
    model, tokens = random_backbone(), torch.tensor([[3], [5]])
    inputs: list[torch.Tensor] = []
    logits, _ = model(tokens, delta={"blocks.1.ffn.value": Tap(inputs)})
    torch.testing.assert_close(logits, model(tokens)[0], atol=1e-5, rtol=1e-5)
    assert [x.shape for x in inputs] == [(2, 1, 4 * CONFIG.n_embd)]


@torch.no_grad()
def test_token_by_token_equals_the_whole() -> None:
    model = random_backbone()
    tokens = torch.randint(0, CONFIG.vocab_size, (4, 23), generator=torch.Generator().manual_seed(0))
    whole, last = model(tokens)
    state, pieces = None, []
    for begin, end in pairwise(range(24)):
        logits, state = model(tokens[:, begin:end], state)
        pieces.append(logits)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, atol=1e-5, rtol=1e-5)
    assert state is not None
    torch.testing.assert_close(state.wkv, last.wkv, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("time", [1, 2, 3, 29])
def test_last_only_is_the_last_of_all(time: int) -> None:
    """The last block then computes the last output alone; the state is the whole one."""
    model = random_backbone()
    tokens = torch.randint(0, CONFIG.vocab_size, (3, time), generator=torch.Generator().manual_seed(0))
    for grad in (False, True):
        with torch.set_grad_enabled(grad):
            whole, wanted = model(tokens)
            last, found = model(tokens, last_only=True)
        torch.testing.assert_close(last, whole[:, -1], atol=1e-5, rtol=1e-5)
        for name in ("att_shift", "wkv", "ffn_shift"):
            torch.testing.assert_close(getattr(found, name), getattr(wanted, name), atol=1e-5, rtol=1e-5)
    empty, _ = model(tokens, lengths=torch.tensor([0, time, 1]), last_only=True)
    assert (empty[0] == 0).all()
