"""ΔW: nothing at the start, the prompt's own afterwards, and never a trace of it in the model."""

import pytest
import torch
import torch.nn.functional as F
from tiny_models import CONFIG, VARIANTS, random_backbone, random_prosg

from prosg_ref.adapters import state_features
from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.regression import InputKey, regression
from prosg_ref.rwkv4 import State
from prosg_ref.stack import TokenAttention, attended, moved

GENERATOR = torch.Generator().manual_seed(0)
PROMPT = torch.randint(0, CONFIG.vocab_size, (3, 17), generator=GENERATOR)
PROMPT[0, 12] = PROMPT[0, 3]  # something is mentioned twice
ANSWER = torch.randint(0, CONFIG.vocab_size, (3, 9), generator=GENERATOR)
LENGTHS = torch.tensor([17, 5, 11])


@pytest.mark.parametrize("variant", VARIANTS)
def test_untrained_prosg_is_its_backbone_bit_for_bit(variant: str) -> None:
    model = ProSG(random_backbone(), ProSGConfig(**VARIANTS[variant]))
    memory = model.internalize(PROMPT, LENGTHS)
    _, state = model.backbone(PROMPT, lengths=LENGTHS)
    assert torch.equal(model.answer(ANSWER, memory)[0], model.backbone(ANSWER, state)[0])


@pytest.mark.parametrize("variant", VARIANTS)
def test_memory_does_not_depend_on_batch_mates_or_padding(variant: str) -> None:
    model = random_prosg(variant)
    memory = model.internalize(PROMPT, LENGTHS)
    logits, _ = model.answer(ANSWER, memory)
    for row in range(3):
        alone = model.internalize(PROMPT[row : row + 1, : LENGTHS[row]])
        torch.testing.assert_close(model.answer(ANSWER[row : row + 1], alone)[0], logits[row : row + 1], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradient_reaches_every_parameter_of_the_synthesis_and_none_of_the_backbone(variant: str) -> None:
    model = random_prosg(variant)
    model.answer(ANSWER, model.internalize(PROMPT, LENGTHS))[0].square().sum().backward()
    by_labels_alone = {f"parts.{t}_value.recall.end.{x}" for t in ("att", "ffn") for x in ("weight", "bias")}
    by_labels_alone |= {"reads.att_value", "reads.ffn_value"}
    for name, parameter in model.synthesis.named_parameters():
        if name in by_labels_alone:
            assert variant == "address"
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
    assert all(p.grad is None for p in model.backbone.parameters())


@pytest.mark.parametrize("variant", VARIANTS)
def test_merged_weights_give_the_same_answer_and_leave_the_model_alone(variant: str) -> None:
    model = random_prosg(variant)
    before = {name: p.clone() for name, p in model.backbone.named_parameters()}
    memory = model.internalize(PROMPT[:1])
    wanted, _ = model.answer(ANSWER[:1], memory)
    found, _ = model.backbone(ANSWER[:1], memory.state, delta=memory.merged(model.backbone))
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(p, before[name]) for name, p in model.backbone.named_parameters())
    with pytest.raises(ValueError, match="one row, this one has 3"):
        model.internalize(PROMPT).merged(model.backbone)


def test_constant_control_ignores_the_prompt() -> None:
    memory = random_prosg("constant").internalize(PROMPT, LENGTHS)
    assert all(torch.equal(x.a[0], x.a[1]) and torch.equal(x.b[0], x.b[1]) for x in memory.delta.values())


def test_reset_state_control_keeps_the_change() -> None:
    model = random_prosg("tokens")
    memory = model.internalize(PROMPT, LENGTHS)
    reset = memory.with_reset_state(model.adapter)
    assert torch.equal(reset.state.wkv, State.zeros(CONFIG, 3, memory.state.wkv).wkv)
    assert reset.delta is memory.delta


@pytest.mark.parametrize("variant", VARIANTS)
def test_empty_prompt_is_finite(variant: str) -> None:
    """Alone, and beside longer ones."""
    model = random_prosg(variant)
    memory = model.internalize(torch.zeros(2, 0, dtype=torch.int64))
    assert model.answer(ANSWER[:2], memory)[0].isfinite().all()
    memory = model.internalize(PROMPT, torch.tensor([17, 0, 1]))
    assert model.answer(ANSWER, memory)[0].isfinite().all()


@pytest.mark.parametrize("by", [-20, -4, -1, 0, 2, 5, 20])
def test_moved_is_what_stands_so_far_away(by: int) -> None:
    x = torch.randn(2, 3, 6, 4)
    for place in range(6):
        wanted = x[:, :, place + by] if 0 <= place + by < 6 else torch.zeros(2, 3, 4)
        assert torch.equal(moved(x, by)[:, :, place], wanted)


def test_a_list_is_found_backwards() -> None:
    """With values from four tokens back, a comma finds the item before the last one; with the next token's, the one after."""
    prompt, lengths = torch.tensor([[10, 5, 11, 5, 12, 5, 13, 5, 14, 5, 15]]), torch.tensor([11])
    aim = torch.nn.functional.cosine_similarity
    for offset, near, far in ((0, 6, 2), (-4, 2, 6)):
        offsets = {"att.value": (offset,)}
        config = ProSGConfig(source="tokens", key="input", targets=("att.value",), depth=0, offsets=offsets, ridge=0.01)
        model = ProSG(random_backbone(), config)
        part = model.synthesis.part("att.value")
        with torch.no_grad():
            torch.nn.init.normal_(part.says[0][2].weight)
            part.gate.bias.zero_()
        reading = model.adapter.read(prompt, lengths, model.config.taps)
        made = model.synthesis(reading)
        written = part.value(0, made.says["blocks.0.att.value"][0])  # (C, d_out)
        change = made.delta["blocks.0.att.value"]
        keys = reading.inputs["blocks.0.att.value"][0]
        found = keys[5] @ change.a[0].T @ change.b[0]  # after the third item and its comma
        assert aim(found, written[near], dim=0) > aim(found, written[far], dim=0)


def test_an_offset_needs_its_target() -> None:
    with pytest.raises(ValueError, match=r"offsets: 'ffn\.key' is not in targets"):
        ProSGConfig(source="tokens", offsets={"ffn.key": (2,)})


def test_a_metric_needs_inputs_to_compare() -> None:
    with pytest.raises(ValueError, match="metric is for `key: input`"):
        ProSGConfig(source="tokens", metric=4)


def test_features_do_not_see_the_gauge() -> None:
    _, state = random_backbone()(PROMPT)
    aa, bb, pp = state.wkv.unbind(2)
    moved = State(state.att_shift, torch.stack([aa * 2.5, bb * 2.5, pp - torch.log(torch.tensor(2.5))], 2), state.ffn_shift)
    torch.testing.assert_close(state_features(moved), state_features(state), atol=1e-5, rtol=1e-5)


def test_norm_of_the_token_source_stops_growing() -> None:
    """A prompt repeated eight times over writes no eight-fold ΔW."""
    model = random_prosg("tokens")
    short = model.internalize(PROMPT).relative_norms(model.backbone)
    long = model.internalize(PROMPT.repeat(1, 8)).relative_norms(model.backbone)
    assert all(long[name] < 4 * short[name] for name in short)


@pytest.mark.parametrize("size", [5, 12, 40])
def test_regression_is_the_solution_written_out(size: int) -> None:
    """Fewer keys than their width or more; rows past the end count for nothing."""
    torch.manual_seed(size)
    v, u, ridge = torch.randn(3, size, 12), torch.randn(3, size, 7), torch.tensor(0.2)
    counted = torch.arange(size) < torch.tensor([[size], [3], [1]])
    weight = torch.rand(3, size, 1) * counted.unsqueeze(2)
    found = regression(v, u, weight, ridge)
    changes = found.b.transpose(1, 2) @ found.a  # (3, 7, 12)
    for row, there in enumerate(counted):
        x, w = v[row, there], weight[row, there]
        mass = w.square().sum()
        share, out = w.square() / mass, mass / (mass + 1)
        mean = (share * x).sum(0)
        keys = x - out * torch.outer(x @ mean, mean) / mean.dot(mean)
        norm = (share * keys.norm(dim=1, keepdim=True)).sum()
        keys = torch.nn.functional.normalize(keys, dim=1) * w
        values = (u[row, there] - out * (share * u[row, there]).sum(0)) * w
        wanted = values.T @ torch.linalg.inv(keys @ keys.T + ridge * torch.eye(len(keys))) @ keys / norm
        torch.testing.assert_close(changes[row], wanted, atol=1e-4, rtol=1e-3)
    assert changes[2].abs().max() > 1e-3, "a single token is still found"
    with torch.no_grad():  # another inverse, and for a single prompt another product
        for rows in (slice(0, 3), slice(0, 1)):
            a, b = regression(v[rows], u[rows], weight[rows], ridge)
            torch.testing.assert_close(b.transpose(1, 2) @ a, changes[rows], atol=1e-4, rtol=1e-3)


def test_each_key_finds_its_own_value_and_the_mean_key_next_to_nothing() -> None:
    """Whatever else the prompt holds, and though all keys have most in common."""
    torch.manual_seed(0)
    v, u = torch.randn(2, 20, 64) + 3 * torch.randn(64), torch.randn(2, 20, 7)
    found = regression(v, u, torch.full((2, 20, 1), 2**0.5), torch.tensor(1.0))
    read, wanted = v @ found.a.transpose(1, 2) @ found.b, u - u.mean(1, keepdim=True)
    assert torch.nn.functional.cosine_similarity(read, wanted, dim=2).min() > 0.8
    assert 0.5 < (read * wanted).sum() / wanted.square().sum() < 0.75, "2 / (2 + λ) of it, less what others take"
    assert (v.mean(1, keepdim=True) @ found.a.transpose(1, 2) @ found.b).abs().max() < 0.2


def test_a_changed_metric_is_that_of_the_inputs() -> None:
    """The product of a key in the changed space with an input in it is what `of_input` has with the input itself."""
    torch.manual_seed(0)
    key = InputKey(2, 12, 5)
    torch.nn.init.normal_(key.q[1].weight)
    with torch.no_grad():
        key.now.zero_().add_(1)
        key.before.zero_()
    keys, inputs = torch.randn(3, 4, 12), torch.randn(3, 6, 12)
    wanted = keys @ key(inputs, 1).transpose(1, 2)
    torch.testing.assert_close(key.of_input(keys, 1) @ inputs.transpose(1, 2), wanted)


def test_attention_with_gradients_is_torchs_own() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    mask = torch.randn(2, 3, 5, 5, dtype=torch.float64) + torch.tensor([0.0, 0.0, 0.0, -1e4, -1e4], dtype=torch.float64)
    mask.requires_grad_()
    ours, torchs = attended(q, k, v, mask), F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert ours.grad_fn.name() != torchs.grad_fn.name()
    torch.testing.assert_close(ours, torchs)
    down = torch.randn_like(ours)
    for one, other in zip(*(torch.autograd.grad(y, (q, k, v, mask), down) for y in (ours, torchs)), strict=True):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        torch.testing.assert_close(attended(q, k, v, mask.detach()), ours)


def test_attention_brings_a_token_to_another_place() -> None:
    """One that was told to look one token back moves everything by one; what is not counted is never seen."""
    attend = TokenAttention(8)
    with torch.no_grad():
        attend.qkv.weight.zero_()[16:] = torch.eye(8)
        attend.out.weight.copy_(torch.eye(8))
        attend.bias.fill_(-100.0)[:, 31] = 100.0
    x = torch.randn(1, 2, 6, 8)
    moved = attend(x, torch.ones(1, 6, dtype=torch.bool)) - x
    torch.testing.assert_close(moved[:, :, 1:], attend.norm(x)[:, :, :-1])
    half = torch.tensor([[True, True, True, False, False, False]])
    y = x.clone()
    y[:, :, 3:] = 9.0
    torch.testing.assert_close(attend(x, half)[:, :, :3], attend(y, half)[:, :, :3])


def test_relative_norms_are_those_of_the_whole_matrices() -> None:
    model = random_prosg("state")
    memory = model.internalize(PROMPT)
    name = "blocks.1.ffn.value"
    change = memory.delta[name]
    weight = model.backbone.layers[1].ffn.value.weight
    wanted = (torch.bmm(change.b.transpose(1, 2), change.a).flatten(1).norm(dim=1).mean() / weight.norm()).item()
    assert memory.relative_norms(model.backbone)[name] == pytest.approx(wanted, rel=1e-4)


def test_unknown_target_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown target 'att\.gate'; one of att\.key"):
        ProSG(random_backbone(), ProSGConfig(source="state", targets=("att.value", "att.gate")))
    with pytest.raises(ValueError, match="width: 9, attention needs a multiple of 4"):
        ProSG(random_backbone(), ProSGConfig(source="tokens", attention=1, width=9))
