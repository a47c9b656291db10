"""Scores of variants: by hand for one item, and what each control must and must not change."""

import math
from pathlib import Path

import pytest
import torch
from tiny_models import random_prosg

from musi.compose import SEPARATOR, multi_example
from musi.retention import retention
from prosg_ref.evaluate import CONTROLS, Forced, Variant, controlled_memory, forced, generated, score
from prosg_ref.examples import load_items, tokenize
from prosg_ref.tokenizer import Tokenizer

MODEL = random_prosg("tokens")


def test_forced_scores_are_those_of_one_text_at_a_time(data_dir: Path, tokenizer: Tokenizer) -> None:
    examples = tokenize([multi_example(item) for item in load_items(data_dir / "validation.jsonl")], tokenizer)
    found = forced(Variant(MODEL), examples)
    for i, e in enumerate(examples):
        memory = MODEL.internalize(torch.tensor([e.prompt[:-1]]))
        logits, _ = MODEL.answer(torch.tensor([[e.prompt[-1], *e.answer[:-1]]]), memory)
        log_probs = logits[0].log_softmax(-1)
        answer = torch.tensor(e.answer)
        losses = -log_probs.gather(1, answer.unsqueeze(1)).squeeze(1)
        assert found.losses[i] == pytest.approx(losses.sum().item(), rel=1e-3)
        hits = log_probs.argmax(1) == answer
        assert found.right_tokens[i] == int(hits.sum())
        assert found.stages[i] == tuple(bool(part.all()) for part in hits.split(list(e.stages)))
        assert found.tokens[i] == len(e.answer)
        by_stage = [part.sum().item() for part in losses.split(list(e.stages))]
        assert found.stage_losses[i] == pytest.approx(by_stage, rel=1e-3, abs=1e-4)


def test_sums_become_perplexity_and_accuracies() -> None:
    found = Forced((2.0, 4.0), (4, 2), (3, 1), ((True, False), (True,)), ((1.5, 0.5), (4.0,)))
    assert (found.answer_ppl, found.token_acc, found.stage_acc) == pytest.approx((math.e, 4 / 6, 2 / 3))


def test_controls_change_what_they_say() -> None:
    prompts, donors = [[1, 2, 3, 4], [5, 6, 7]], [[5, 6, 7], [1, 2, 3, 4]]
    memories = {control: controlled_memory(MODEL, prompts, donors, control) for control in CONTROLS}
    plain = memories["none"]
    name = next(iter(plain.delta))
    assert memories["off"].delta == {}
    torch.testing.assert_close(memories["shuffled"].delta[name].b[0, :3], plain.delta[name].b[1, :3])
    assert torch.equal(memories["reset_state"].delta[name].b, plain.delta[name].b)
    assert memories["reset_state"].state.att_shift.abs().sum() == 0
    norms, random_norms = (m.relative_norms(MODEL.backbone)[name] for m in (plain, memories["random"]))
    assert random_norms == pytest.approx(norms, rel=1e-3)
    assert not torch.equal(memories["random"].delta[name].a, plain.delta[name].a)
    for control in ("none", "shuffled", "random", "twice"):
        assert torch.equal(memories[control].state.wkv, plain.state.wkv)


def test_twice_reads_the_prompt_twice() -> None:
    assert Variant(MODEL.backbone, "twice").prompt("Say a.") == f"Say a.{SEPARATOR}Say a."
    assert Variant(MODEL).prompt("Say a.") == "Say a."


def test_scores_agree_with_their_parts(data_dir: Path, tokenizer: Tokenizer) -> None:
    items = sorted(load_items(data_dir / "validation.jsonl"), key=lambda item: len(item.answer))[:3]
    found = score(Variant(MODEL), items, tokenizer)
    values = found.as_dict()
    chains = forced(Variant(MODEL), tokenize([multi_example(item) for item in items], tokenizer))
    assert values["answer_ppl"] == chains.answer_ppl
    assert values["token_acc"] == chains.token_acc
    assert values["forced_stage_acc"] == pytest.approx(chains.stage_acc)
    low, high = values["intervals"]["answer_ppl"]
    assert low <= values["answer_ppl"] <= high
    assert found.retention == retention(found.outcomes)
    assert list(found.outcomes.distance) == [stage.distance for item in items for stage in item.stages]


def test_the_length_of_a_response_is_bounded_by_the_gold_answer(data_dir: Path, tokenizer: Tokenizer) -> None:
    texts = generated(Variant(MODEL), [("Say a.", "[1]\na"), ("Say b and c.", "[1]\nb\n[2]\nc")], tokenizer)
    assert len(texts) == 2
    assert all(len(tokenizer.encode(text)) <= 60 for text in texts)
