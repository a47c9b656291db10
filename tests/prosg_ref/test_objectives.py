"""What phase 2 minimises beside the answers' cross entropy: gates, placed values, distillation."""

import pytest
import torch
from tiny_models import random_prosg

from prosg_ref.examples import Example, split_batch
from prosg_ref.labels import told
from prosg_ref.objectives import ProSGLoss
from prosg_ref.recipes import ProSGRecipe


def test_gates_learn_what_is_to_be_told() -> None:
    """And with values `placed`, what tokens say is learnt from nothing, without keys that find it."""
    model = random_prosg("offsets")
    recipe = ProSGRecipe.model_validate(
        {
            "data": "x",
            "backbone": "y",
            "prosg": model.config,
            "placed": True,
            "losses": {"gates": 3.0},
            "schedule": {"steps": 1, "lr": 0.1},
        }
    )
    loss = ProSGLoss(model, recipe, [7])
    examples = [
        Example([9, 20, 5, 21, 5, 22, 5, 23, 5, 24, 8, 7], [23, 5, 22, 5, 21, 5, 20, 1], (8,)),
        Example([9, 24, 5, 22, 5, 20, 5, 23, 5, 21, 8, 7], [23, 5, 20, 5, 22, 5, 24, 1], (8,)),
    ]
    for parameter in model.backbone.parameters():
        parameter.requires_grad_(False)
    optimizer = torch.optim.Adam(model.synthesis.parameters(), lr=1e-2)
    answers = []
    for _ in range(60):
        total, found = loss(examples, loss.total(examples), False)
        answers.append(total.item() - 3 * found["gate_loss"].item())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    assert answers[-1] < 0.8 * answers[0]
    batch = split_batch(examples)
    gates = model.internalize(batch.prompt, batch.prompt_lengths).gates["ffn.value", -4]  # (B, L, T)
    due = [{t for t, share in enumerate(row) if share} for row in told(batch, -4, torch.ones(2, 8)).tolist()]
    assert due == [{5, 6, 7, 9}] * 2, "after the second, third and fourth word, and a comma that stands between such"
    for row, places in zip(gates, due, strict=True):
        for place in range(row.shape[1]):
            assert (row[:, place] > 0.5).all() if place in places else (row[:, place] < 0.5).all()


def test_gates_learn_where_an_answer_is_over() -> None:
    """After the second of two numbers, a token a digit, whatever it is."""
    model = random_prosg("offsets")
    recipe = ProSGRecipe.model_validate(
        {"data": "x", "backbone": "y", "prosg": model.config, "losses": {"gates": 3.0}, "schedule": {"steps": 1, "lr": 0.1}}
    )
    loss = ProSGLoss(model, recipe, [7])
    examples = [
        Example([9, first, 30, 8, second, 31, 6, 6, 7], [first, 30, 5, 12, 5, second, 31, 1], (8,))
        for first, second in ((20, 21), (21, 20), (22, 23), (23, 22))
    ]
    optimizer = torch.optim.Adam(model.synthesis.parameters(), lr=1e-2)
    for _ in range(80):
        total, _ = loss(examples, loss.total(examples), False)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    batch = split_batch(examples)
    gates = model.internalize(batch.prompt, batch.prompt_lengths).gates["ffn.value", 0]  # (B, L, T)
    assert (gates[:, :, 6] > 1).all()
    assert (gates[:, :, :6] < 0.5).all()
    assert (gates[:, :, 7:] < 0.5).all()


def test_placed_values_are_added_where_they_are_due_alone() -> None:
    model = random_prosg("offsets")
    recipe = ProSGRecipe.model_validate(
        {"data": "x", "backbone": "y", "prosg": model.config, "placed": True, "schedule": {"steps": 1, "lr": 0.1}}
    )
    loss = ProSGLoss(model, recipe, [7])
    examples = [
        Example([9, 20, 5, 21, 5, 22, 5, 23, 5, 24, 8, 7], [23, 5, 22, 5, 21, 5, 20, 1], (8,)),
        Example([30, 31, 32, 33, 7], [40, 41], (2,)),
    ]
    batch = split_batch(examples)
    memory = model.internalize(batch.prompt, batch.prompt_lengths)
    placed = loss._placed(examples, batch, memory, torch.ones(2, 8))
    for name in ("blocks.0.ffn.value", "blocks.2.ffn.value"):
        values = placed[name].values  # (B, S, d_out)
        due = values.abs().sum(2).nonzero().tolist()
        assert due == [[0, 2], [0, 4], [0, 6]], "after `23,`, `22,` and `21,`"
        said = model.synthesis.part("ffn.value").value(int(name[7]), memory.says[name])  # (B, C, d_out)
        torch.testing.assert_close(values[0, 2], said[0, 5], msg="what stands at `22` of the prompt")
    due = placed["blocks.0.att.value"].values.abs().sum(2).nonzero().tolist()
    assert due == [[0, 3], [0, 5]], "two on, its one offset, stand commas alone"


def test_distillation_is_the_divergence_from_the_prompt_read_twice() -> None:
    model = random_prosg("tokens")
    recipe = ProSGRecipe.model_validate(
        {"data": "x", "backbone": "y", "prosg": model.config, "losses": {"distil": 1.0}, "schedule": {"steps": 1, "lr": 0.1}}
    )
    loss = ProSGLoss(model, recipe, [7])
    examples = [Example([3, 4, 5, 6], [8, 9], (2,)), Example([10, 11], [12], (1,))]
    _, found = loss(examples, loss.total(examples), False)
    wanted = 0.0
    for e in examples:
        memory = model.internalize(torch.tensor([e.prompt[:-1]]))
        ours, _ = model.answer(torch.tensor([[e.prompt[-1], *e.answer[:-1]]]), memory)
        theirs, _ = model.backbone(torch.tensor([[*e.prompt, 7, *e.prompt, *e.answer[:-1]]]))
        p, q = theirs[0, -len(e.answer) :].log_softmax(-1), ours[0].log_softmax(-1)
        wanted += (p.exp() * (p - q)).sum().item()
    assert found["distil"] == pytest.approx(wanted / 3, rel=1e-4)
    assert wanted > 0.01


def test_a_word_written_otherwise_is_looked_for_as_it_is_read() -> None:
    """The answer's one token, 40, is not in the prompt, but read like the 21 there."""
    model = random_prosg("recall")
    recipe = ProSGRecipe.model_validate(
        {"data": "x", "backbone": "y", "prosg": model.config, "losses": {"recall": 1.0}, "schedule": {"steps": 1, "lr": 0.1}}
    )
    examples = [Example([20, 21, 22, 7], [40], (1,), (2,))]
    texts = [chr(0x4E00 + i) for i in range(model.backbone.config.vocab_size)]

    def found(texts: list[str]) -> tuple[float, float]:
        loss = ProSGLoss(model, recipe, [7], texts=texts)
        _, metrics = loss(examples, loss.total(examples), False)
        return float(metrics["recall"]), float(metrics["keys"])

    points, keys = found([*texts[:40], texts[21], *texts[41:]])
    nothing, no_keys = found(texts)
    assert keys > no_keys == 0
    assert points > nothing
