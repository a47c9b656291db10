"""Answers know their number, and an instruction's key finds the answer of its own number."""

import pytest
import torch
from tiny_models import random_backbone, random_prosg

from musi.compose import multi_example
from musi.generate import build_item
from prosg_ref.address import PLACES, STAGES, STEPS, address_loss, written
from prosg_ref.checkpoint import load_backbone
from prosg_ref.examples import Example, tokenize
from prosg_ref.prosg import ProSG, ProSGConfig
from prosg_ref.recall import Asked, end_loss
from prosg_ref.recipes import shipped

EXAMPLE = Example([5, 6], [*range(3, 12)], (4, 1, 4), (0, 1), (1, 1, 2))
_, TOKENIZER = load_backbone(shipped("").parent / "weights/tiny/backbone")


def test_places_of_an_answer_are_its_stage_and_how_many_tokens_came_before() -> None:
    stages, steps = written([EXAMPLE, Example([5], [7] * 11, (11,), (), (2,))], 12)
    assert stages.tolist() == [[-1, 0, 0, 0, -1, -1, -1, 2, 2, -1, -1, -1], [-1, -1, *[0] * 9, -1]]
    assert steps.tolist() == [[5, 0, 1, 2, 5, 5, 5, 0, 1, -1, -1, -1], [5, 5, 0, 1, 2, 3, *[4] * 5, -1]]
    many = Example([5], [7] * 20, (2,) * 10, (), (1,) * 10)
    assert written([many], 20)[0][0, 1::2].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]


def test_headers_are_what_stands_before_the_words_of_a_stage() -> None:
    for item in (build_item("train", i) for i in range(20)):
        (example,) = tokenize([multi_example(item)], TOKENIZER)
        where = 0
        for k, (size, header, stage) in enumerate(zip(example.stages, example.headers, item.stages, strict=True), 1):
            said = TOKENIZER.decode(example.answer[where : where + header])
            assert said == ("\n\n" if k == 1 else "\n") + f"[{k}]\n"
            assert TOKENIZER.decode(example.answer[where : where + size]) == said + stage.answer
            where += size
    (plain,) = tokenize([("Name a colour.", "red")], TOKENIZER)
    assert plain.headers == (0,)


def test_the_loss_is_least_where_every_layer_reads_the_right_place() -> None:
    weights = torch.ones(1, 9)
    stages, steps = written([EXAMPLE], 9)
    inputs = torch.zeros(1, 9, PLACES)
    for s in range(9):
        if stages[0, s] >= 0:
            inputs[0, s, stages[0, s]] = 1
        inputs[0, s, STAGES + steps[0, s]] = 1
    right = 20 * torch.eye(PLACES).expand(2, -1, -1)
    best = address_loss(right, [inputs, inputs], [EXAMPLE], weights)
    assert best < 1e-4
    for wrong in (right.roll(1, 1), torch.stack([right[0], right[1].roll(-1, 1)])):
        assert address_loss(wrong, [inputs, inputs], [EXAMPLE], weights) > best + 1
    weights[0, 0] = 0
    inputs[0, 0] = torch.randn(PLACES)
    assert address_loss(right, [inputs, inputs], [EXAMPLE], weights) < 1e-4, "what has no weight does not count"
    assert STEPS < PLACES - STAGES


def test_keys_know_how_many_instructions_ended_before() -> None:
    recall = random_prosg("address").synthesis.part("ffn.value").recall
    pair = torch.randn(1, 1, 64).expand(1, 9, -1)
    ends = torch.tensor([[0.0, 1, 0, 0, 1, 0, 1, 0, 0]])
    asked = Asked(torch.ones(1, 9), pair, torch.ones(1, 9, dtype=torch.bool), ends)
    keys = recall.keys(asked, torch.zeros(9, dtype=torch.int64), torch.arange(9))
    torch.testing.assert_close(keys[0], keys[1])
    torch.testing.assert_close(keys[2], keys[4])
    torch.testing.assert_close(keys[5], keys[6])
    assert not torch.allclose(keys[1], keys[4])
    assert not torch.allclose(keys[4], keys[6])
    with torch.no_grad():
        recall.order[1:] = recall.order[0]
    same = recall.keys(asked, torch.zeros(9, dtype=torch.int64), torch.arange(9))
    torch.testing.assert_close(same, keys[:1].expand_as(same))


def test_where_instructions_end_is_learnt_from_where_they_do() -> None:
    example = Example([5, 6, 7, 8, 9], [1], (1,), (1, -1, 3))

    def loss(*ends: float) -> float:
        inside = torch.tensor([[True, True, True, True]])
        return end_loss(Asked(torch.zeros(1, 4), torch.zeros(1, 4, 4), inside, torch.tensor([ends])), [example]).item()

    assert loss(0.01, 0.99, 0.01, 0.99) < 0.03
    assert min(loss(0.99, 0.99, 0.01, 0.99), loss(0.01, 0.01, 0.01, 0.99)) > 1


def test_what_lets_answers_know_their_number_is_the_same_for_every_prompt() -> None:
    model = random_prosg("address")
    one, other = (model.internalize(torch.tensor([ids])).delta for ids in ([5, 6, 7, 8], [9, 8, 7, 6]))
    targets = {"ffn.value", "att.value"}
    changed = {name.split(".", 2)[2] for name in one}
    assert changed == set(model.adapter.targets)
    for name in one:
        same = torch.equal(one[name].a, other[name].a) and torch.equal(one[name].b, other[name].b)
        assert same == (name.split(".", 2)[2] not in targets)


def test_address_is_for_recall_and_needs_other_matrices() -> None:
    with pytest.raises(ValueError, match="address is for recall"):
        ProSGConfig(source="tokens", address=2)
    every = ("att.key", "att.value", "att.receptance", "att.output", "ffn.key", "ffn.receptance", "ffn.value")
    with pytest.raises(ValueError, match="the other matrices of a block, and there are none"):
        ProSG(random_backbone(), ProSGConfig(source="tokens", targets=every, recall=2, address=2))
