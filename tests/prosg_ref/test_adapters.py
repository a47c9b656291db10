"""Mamba under the same ProSG as RWKV-4: read, change, batch, reset, train."""

import pytest
import torch
from tiny_models import random_backbone
from torch import nn
from transformers import MambaConfig, MambaForCausalLM

from prosg_ref.adapters import adapter_of
from prosg_ref.change import LowRank, Merged, Tap
from prosg_ref.prosg import ProSG, ProSGConfig

VOCAB = 50
GENERATOR = torch.Generator().manual_seed(0)
PROMPT = torch.randint(1, VOCAB, (3, 11), generator=GENERATOR)
ANSWER = torch.randint(1, VOCAB, (3, 6), generator=GENERATOR)
LENGTHS = torch.tensor([11, 4, 7])
TARGETS = {"rwkv4": ("ffn.value", "att.value"), "mamba": ("in_proj", "out_proj")}


def backbone(kind: str) -> nn.Module:
    if kind == "rwkv4":
        return random_backbone()
    torch.manual_seed(0)
    config = MambaConfig(vocab_size=VOCAB, hidden_size=16, num_hidden_layers=2, state_size=4, time_step_rank=4)
    model = MambaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def prosg(kind: str, source: str, **options: object) -> ProSG:
    torch.manual_seed(1)
    return ProSG(backbone(kind), ProSGConfig(source=source, targets=TARGETS[kind], scale=1.0, **options))


def disturb(model: ProSG) -> ProSG:
    with torch.no_grad():
        for parameter in model.synthesis.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model


KINDS = pytest.mark.parametrize("kind", ["rwkv4", "mamba"])


@KINDS
def test_going_on_from_a_state_is_reading_the_whole_text(kind: str) -> None:
    adapter = adapter_of(backbone(kind))
    reading = adapter.read(PROMPT, LENGTHS)
    found, state = adapter.hidden(ANSWER[:, :4], reading.state, None, {})
    more, _ = adapter.hidden(ANSWER[:, 4:], state, None, {})
    for row in range(3):
        text = torch.cat([PROMPT[row, : LENGTHS[row]], ANSWER[row]]).unsqueeze(0)
        whole, _ = adapter.hidden(text, adapter.empty(1), None, {})
        torch.testing.assert_close(torch.cat([found, more], 1)[row], whole[0, LENGTHS[row] :], atol=2e-5, rtol=2e-4)


@KINDS
def test_a_row_stops_at_its_own_last_token(kind: str) -> None:
    adapter = adapter_of(backbone(kind))
    state = adapter.read(PROMPT, LENGTHS).state
    _, ended = adapter.hidden(ANSWER[:, :4], state, torch.tensor([4, 2, 1]), {})
    found, _ = adapter.hidden(ANSWER[:, 4:], ended, None, {})
    text = torch.cat([PROMPT[1, :4], ANSWER[1, :2], ANSWER[1, 4:]]).unsqueeze(0)
    whole, _ = adapter.hidden(text, adapter.empty(1), None, {})
    torch.testing.assert_close(found[1], whole[0, 6:], atol=2e-5, rtol=2e-4)


@KINDS
def test_readings_do_not_depend_on_padding(kind: str) -> None:
    adapter = adapter_of(backbone(kind))
    names = [adapter.matrix(layer, target) for layer in range(2) for target in TARGETS[kind]]
    reading = adapter.read(PROMPT, LENGTHS, TARGETS[kind])
    assert set(names) <= set(reading.inputs)
    for row in range(3):
        alone = adapter.read(PROMPT[row : row + 1, : LENGTHS[row]], LENGTHS[row : row + 1], TARGETS[kind])
        torch.testing.assert_close(alone.features[0], reading.features[row], atol=2e-5, rtol=2e-4)
        for one, every in zip(alone.outputs, reading.outputs, strict=True):
            torch.testing.assert_close(one[0], every[row, : LENGTHS[row]], atol=2e-5, rtol=2e-4)
        for name in names:
            torch.testing.assert_close(alone.inputs[name][0], reading.inputs[name][row, : LENGTHS[row]], atol=2e-5, rtol=2e-4)


@KINDS
def test_a_change_of_a_weight_is_that_change(kind: str) -> None:
    """Low-rank, merged, and added to the parameter itself: the same outputs."""
    model = backbone(kind)
    adapter = adapter_of(model)
    name = adapter.matrix(1, TARGETS[kind][1])
    weight = model.get_submodule(name).weight
    a, b = torch.randn(3, 2, weight.shape[1]) * 0.3, torch.randn(3, 2, weight.shape[0]) * 0.3
    state = adapter.read(PROMPT, LENGTHS).state
    found, _ = adapter.hidden(ANSWER, state, None, {name: LowRank(a, b)})
    for row in range(3):
        one = torch.tensor([row])
        changed = weight.detach() + b[row].T @ a[row]
        merged, _ = adapter.hidden(ANSWER[one], state.select(one), None, {name: Merged(changed)})
        torch.testing.assert_close(found[row], merged[0], atol=2e-5, rtol=2e-4)
    assert not torch.allclose(found, adapter.hidden(ANSWER, state, None, {})[0])


@KINDS
def test_what_stands_at_a_matrix_in_an_answer_is_what_stands_there_in_the_whole_text(kind: str) -> None:
    adapter = adapter_of(backbone(kind))
    name = adapter.matrix(1, TARGETS[kind][1])
    prompt, answer = PROMPT[:1, : LENGTHS[0]], ANSWER[:1]
    kept = Tap([])
    state = adapter.read(prompt, LENGTHS[:1]).state
    found, _ = adapter.hidden(answer, state, None, {name: kept})
    torch.testing.assert_close(found, adapter.hidden(answer, state, None, {})[0])
    text = torch.cat([prompt, answer], 1)
    whole = adapter.read(text, torch.tensor([text.shape[1]]), TARGETS[kind]).inputs[name]
    torch.testing.assert_close(kept.inputs[0], whole[:, prompt.shape[1] :], atol=2e-5, rtol=2e-4)


@KINDS
@pytest.mark.parametrize("source", ["state", "tokens", "constant"])
def test_prosg_starts_as_its_backbone_and_learns(kind: str, source: str) -> None:
    model = prosg(kind, source)
    memory = model.internalize(PROMPT, LENGTHS)
    plain, _ = model.adapter.hidden(ANSWER, memory.state, None, {})
    assert torch.equal(model.hidden(ANSWER, memory)[0], plain)
    targets = ANSWER.roll(-1, 1)
    optimizer = torch.optim.Adam(model.synthesis.parameters(), lr=1e-2)
    losses = []
    for _ in range(6):
        logits, _ = model.answer(ANSWER, model.internalize(PROMPT, LENGTHS))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.05
    assert all(parameter.grad is None for parameter in model.backbone.parameters())


@KINDS
@pytest.mark.parametrize("options", [{}, {"chunk": 3}, {"key": "input"}, {"key": "input", "chunk": 2, "width": 8}])
def test_memory_of_a_batch_is_that_of_its_rows(kind: str, options: dict[str, object]) -> None:
    model = disturb(prosg(kind, "tokens", **options))
    memory = model.internalize(PROMPT, LENGTHS)
    found, _ = model.answer(ANSWER, memory)
    for row in range(3):
        alone = model.internalize(PROMPT[row : row + 1, : LENGTHS[row]])
        torch.testing.assert_close(model.answer(ANSWER[row : row + 1], alone)[0][0], found[row], atol=1e-4, rtol=1e-3)


@KINDS
def test_reset_state_leaves_only_the_change(kind: str) -> None:
    model = disturb(prosg(kind, "tokens"))
    memory = model.internalize(PROMPT, LENGTHS)
    reset = memory.with_reset_state(model.adapter)
    found, _ = model.hidden(ANSWER, reset)
    wanted, _ = model.adapter.hidden(ANSWER, model.adapter.empty(3), None, memory.delta)
    assert torch.equal(found, wanted)
    assert not torch.equal(found, model.hidden(ANSWER, memory)[0])


def test_other_models_are_refused() -> None:
    with pytest.raises(TypeError, match="Linear: no adapter"):
        adapter_of(nn.Linear(2, 2))
