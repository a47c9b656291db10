"""Batched generation gives every row what it would get alone, and stops each where it should."""

from dataclasses import replace

import pytest
import torch
from tiny_models import random_backbone, random_prosg

from prosg_ref.evaluate import controlled_memory
from prosg_ref.generate import PAIRS, Request, Sampling, choose, generate, remember, split_request
from prosg_ref.prosg import Memory
from prosg_ref.rwkv4 import RWKV4
from prosg_ref.tokenizer import Tokenizer

PROMPTS = [(5, 9, 30, 41), (7,), (8, 100, 3, 2, 77, 150, 12), (60, 61)]


def by_hand(model: RWKV4, prompt: tuple[int, ...], count: int) -> list[int]:
    """Greedy ids by running the whole text again for every token."""
    ids = list(prompt)
    for _ in range(count):
        ids.append(int(model(torch.tensor([ids]), last_only=True)[0].argmax()))
        if ids[-1] == 0:
            return ids[len(prompt) : -1]
    return ids[len(prompt) :]


def test_greedy_equals_the_slow_way(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    requests = [Request(p, max_tokens=n) for p, n in zip(PROMPTS, (12, 3, 7, 20), strict=True)]
    for request, result in zip(requests, generate(model, tokenizer, requests), strict=True):
        assert result.text == tokenizer.decode(by_hand(model, request.prompt, request.max_tokens))


@pytest.mark.parametrize("source", ["state", "tokens"])
def test_rows_do_not_depend_on_batch_mates(tokenizer: Tokenizer, source: str) -> None:
    """Alone, ΔW is merged into the weights; in a batch it is applied as factors."""
    model = random_prosg(source)
    requests = [Request(p, (8, 9), max_tokens=n) for p, n in zip(PROMPTS, (12, 3, 7, 20), strict=True)]
    together = generate(model, tokenizer, requests)
    assert together == [generate(model, tokenizer, [request])[0] for request in requests]
    plain = generate(model.backbone, tokenizer, requests)
    assert together != plain


def test_stop_strings_and_limits(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    whole = generate(model, tokenizer, [Request(PROMPTS[0], max_tokens=40)])[0]
    assert whole.finish_reason == "length"
    assert whole.tokens == 40
    stop = whole.text[8:11]
    requests = [
        Request(PROMPTS[0], stop=(stop, "never-written"), max_tokens=40),
        Request(PROMPTS[0], max_tokens=40),
        Request(PROMPTS[0], max_tokens=0),
    ]
    cut, free, none = generate(model, tokenizer, requests)
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert cut.tokens < 40
    assert free == whole
    assert (none.text, none.finish_reason, none.tokens) == ("", "length", 0)


def test_end_of_document(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    with torch.no_grad():
        model.ln_out.bias.copy_(model.head.weight[0] * 100)
    result = generate(model, tokenizer, [Request(PROMPTS[0])])[0]
    assert (result.text, result.finish_reason, result.tokens) == ("", "end", 0)


def test_given_memory_is_used(tokenizer: Tokenizer) -> None:
    model = random_prosg("tokens")
    requests = [Request(p, (8,), max_tokens=8) for p in PROMPTS]
    memory = remember(model, [split_request(r)[0] for r in requests])
    assert generate(model, tokenizer, requests, memory=memory) == generate(model, tokenizer, requests)
    prompts = [split_request(r)[0] for r in requests]
    shuffled = controlled_memory(model, prompts, [*prompts[1:], prompts[0]], "shuffled")
    assert generate(model, tokenizer, requests, memory=shuffled) != generate(model, tokenizer, requests)


@pytest.mark.parametrize("source", ["state", "tokens"])
@pytest.mark.parametrize("pairs", [PAIRS, 10_000])
def test_prompts_of_all_lengths_are_remembered_as_each_alone(source: str, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read in runs of about one length, and of no more than fit: rows come back in their order, and every ΔW, of
    whatever rank, does the same."""
    monkeypatch.setattr("prosg_ref.generate.PAIRS", pairs)
    model = random_prosg(source)
    shapes: list[tuple[int, int]] = []
    internalize = model.internalize

    def noted(prompt: torch.Tensor, lengths: torch.Tensor) -> Memory:
        shapes.append((prompt.shape[0], prompt.shape[1]))
        return internalize(prompt, lengths)

    monkeypatch.setattr(model, "internalize", noted)
    ids = torch.randint(200, (300,), generator=torch.Generator().manual_seed(1)).tolist()
    prompts = [ids[:n] for n in (90, 3, 0, 250, 40, 41, 300, 2, 90)]
    memory = remember(model, prompts)
    assert all(rows == 1 or rows * size**2 <= pairs for rows, size in shapes)
    assert ((2, 90) in shapes) == (pairs == PAIRS)
    tokens = torch.tensor([[8, 9, 10]])
    together, _ = model.hidden(tokens.expand(len(prompts), -1), memory)
    for row, prompt in enumerate(prompts):
        alone = remember(model, [prompt])
        torch.testing.assert_close(memory.state.wkv[row], alone.state.wkv[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together[row], model.hidden(tokens, alone)[0][0], rtol=1e-3, atol=1e-4)


def test_sampling_is_seeded_and_top_p_can_only_be_greedy(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    requests = [Request(p, max_tokens=15) for p in PROMPTS]
    warm = Sampling(temperature=1.5, seed=3)
    assert generate(model, tokenizer, requests, warm) == generate(model, tokenizer, requests, warm)
    assert generate(model, tokenizer, requests, warm) != generate(model, tokenizer, requests, replace(warm, seed=4))
    narrow = Sampling(temperature=1.0, top_p=1e-6)
    assert generate(model, tokenizer, requests, narrow) == generate(model, tokenizer, requests)


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).expand(2000, -1)
    picked = choose(logits, Sampling(temperature=1.0, top_p=0.7), torch.Generator().manual_seed(0))
    assert sorted(set(picked.tolist())) == [0, 1]


def test_top_p_of_nothing_is_greedy(tokenizer: Tokenizer) -> None:
    model, requests = random_backbone(), [Request(PROMPTS[0], max_tokens=8)]
    assert generate(model, tokenizer, requests, Sampling(1.0, 0.0)) == generate(model, tokenizer, requests)


def test_no_requests_no_answers(tokenizer: Tokenizer) -> None:
    assert generate(random_backbone(), tokenizer, []) == []


def test_prompts_of_wildly_different_lengths(tokenizer: Tokenizer) -> None:
    model = random_backbone()
    requests = [Request(tuple(range(1, 1 + n % 390)) * (1 + n // 390), (9,), max_tokens=6) for n in (0, 1, 700, 2, 333)]
    together = generate(model, tokenizer, requests)
    assert together == [generate(model, tokenizer, [request])[0] for request in requests]
    assert together == generate(model, tokenizer, requests[::-1])[::-1]


def test_split_request_leaves_something_to_predict_from() -> None:
    assert split_request(Request((1, 2, 3))) == ((1, 2), (3,))
    assert split_request(Request((1, 2), (3,))) == ((1, 2), (3,))
    assert split_request(Request((), (3,))) == ((), (3,))
