"""Batched generation: each sequence with its own stop strings and limit, under its own ΔW.

Prompts run once, padded on the right (each row's state stops at its own last token), then all rows advance together;
rows that are done leave the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from .change import Delta, LowRank
from .prosg import Memory, ProSG
from .rwkv4 import RWKV4, State
from .tokenizer import AnyTokenizer

FinishReason = Literal["end", "stop", "length"]
COMPACT_AT = 0.75  # rows leave the batch when at most this share of it is still running
ALIKE = 1.2, 16  # texts are read together while none is so many times, and so many tokens, longer than the shortest
PAIRS = 16_000_000  # of tokens of the same prompt, over all prompts that are read at once: attention holds them all


@dataclass(frozen=True)
class Request:
    """One text to continue.

    prompt: ids that ΔW is made from (with ProSG; without, they are simply read).
    forced: ids already written after the prompt, read under ΔW; together with prompt at least one id.
    stop: strings that end the text; they are not part of it.
    max_tokens: limit on new ids.
    """

    prompt: tuple[int, ...]
    forced: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int = 512


@dataclass(frozen=True)
class Generation:
    """A continuation: its text, why it ended (`end` of document, `stop` string, `length`), and how many ids it took."""

    text: str
    finish_reason: FinishReason
    tokens: int


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: greedy at temperature 0, else sampled from the smallest set of mass `top_p`."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


def pad(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids padded on the right with 0 (B, T), T >= 1, and the lengths (B,)."""
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.int64)
    tokens = torch.zeros(len(rows), max(1, int(lengths.max())), dtype=torch.int64)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row, dtype=torch.int64)
    return tokens, lengths


def split_request(request: Request) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What runs without ΔW and what runs with it; the latter is never empty, it predicts the first new token."""
    if request.forced:
        return request.prompt, request.forced
    return request.prompt[:-1], request.prompt[-1:]


def remember(model: RWKV4 | ProSG, prompts: Sequence[Sequence[int]]) -> Memory:
    """Read prompts into a memory, those of about one length together; a plain backbone gives one without ΔW."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    runs: list[list[int]] = []
    for i in order:
        factor, more = ALIKE
        size = len(prompts[i])
        if not runs or size > factor * len(prompts[runs[-1][0]]) + more or (len(runs[-1]) + 1) * size**2 > PAIRS:
            runs.append([])
        runs[-1].append(i)
    parts = [_read(model, [prompts[i] for i in run]) for run in runs]
    return parts[0] if len(parts) == 1 and order == sorted(order) else _joined(parts).select(torch.tensor(order).argsort())


def _read(model: RWKV4 | ProSG, prompts: Sequence[Sequence[int]]) -> Memory:
    tokens, lengths = (x.to(backbone_of(model).emb.weight.device) for x in pad(prompts))
    if isinstance(model, ProSG):
        memory = model.internalize(tokens, lengths)
        return Memory(memory.state, memory.delta)  # the rest is as large as the texts; training alone looks at it
    return Memory(model.hidden(tokens, lengths=lengths)[1], {})


def _joined(parts: Sequence[Memory]) -> Memory:
    """The rows of several memories one after the other."""
    delta = {
        name: LowRank(_stacked([part.delta[name].a for part in parts]), _stacked([part.delta[name].b for part in parts]))
        for name in parts[0].delta
    }
    return Memory(State.joined([part.state for part in parts]), delta)


def _stacked(parts: Sequence[Tensor]) -> Tensor:
    """(B_i, r_i, d) -> (ΣB_i, max r_i, d), with zeros past each r_i."""
    longest = max(x.shape[1] for x in parts)
    return torch.cat([F.pad(x, (0, 0, 0, longest - x.shape[1])) for x in parts])


def backbone_of(model: RWKV4 | ProSG) -> RWKV4:
    return cast(RWKV4, model.backbone) if isinstance(model, ProSG) else model


def choose(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> Tensor:
    """Next ids (B,) from logits (B, V)."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    probs, order = torch.softmax(logits / sampling.temperature, -1).sort(-1, descending=True)
    outside = probs.cumsum(-1) - probs >= sampling.top_p
    outside[:, 0] = False
    picked = torch.multinomial(probs.masked_fill(outside, 0.0), 1, generator=generator)
    return order.gather(-1, picked).squeeze(-1)


class _Row:
    """The ids written so far for one request, and whether it is done."""

    def __init__(self, request: Request, tokenizer: AnyTokenizer) -> None:
        self.request, self.tokenizer = request, tokenizer
        self.ids: list[int] = []
        self.reason: FinishReason | None = None if request.max_tokens > 0 else "length"
        # Enough ids to hold the longest stop string whatever the tokens are: a character is at most 4 bytes.
        self.window = 4 * max((len(s) for s in request.stop), default=0) + 4

    def add(self, token: int) -> None:
        if token == self.tokenizer.end_id:
            self.reason = "end"
            return
        self.ids.append(token)
        if self.request.stop:
            tail = self.tokenizer.decode(self.ids[-self.window :])
            if any(stop in tail for stop in self.request.stop):
                self.reason = "stop"
        if self.reason is None and len(self.ids) >= self.request.max_tokens:
            self.reason = "length"

    def result(self) -> Generation:
        text = self.tokenizer.decode(self.ids)
        if self.reason == "stop":
            text = text[: min(text.find(stop) for stop in self.request.stop if stop in text)]
        return Generation(text, self.reason or "length", len(self.ids))


@torch.inference_mode()
def generate(
    model: RWKV4 | ProSG,
    tokenizer: AnyTokenizer,
    requests: Sequence[Request],
    sampling: Sampling | None = None,
    memory: Memory | None = None,
) -> list[Generation]:
    """Continue every request, in one batch.

    Args:
        memory: one row per request, made of its prompt by `remember` or one of `Memory`'s controls; None: made here.
            It must cover the part of the prompt that runs without ΔW, see `split_request`.
    """
    if not requests:
        return []
    sampling = sampling or Sampling()
    backbone = backbone_of(model)
    parts = [split_request(request) for request in requests]
    memory = remember(model, [prompt for prompt, _ in parts]) if memory is None else memory
    tokens, lengths = (x.to(backbone.emb.weight.device) for x in pad([forced for _, forced in parts]))
    delta: Delta = memory.delta
    logits, state = backbone(tokens, memory.state, lengths, delta, last_only=True)

    rows = [_Row(request, tokenizer) for request in requests]
    running = list(range(len(rows)))  # which request each row of the batch belongs to
    generator = torch.Generator().manual_seed(sampling.seed)
    if len(rows) == 1:
        delta = memory.merged(backbone)
    while True:
        picked = choose(logits, sampling, generator)
        for row, token in zip(running, picked.tolist(), strict=True):
            if rows[row].reason is None:
                rows[row].add(token)
        alive = [i for i, row in enumerate(running) if rows[row].reason is None]
        if not alive:
            return [row.result() for row in rows]
        if len(alive) <= COMPACT_AT * len(running):
            keep = torch.tensor(alive)
            running = [running[i] for i in alive]
            picked = picked[keep]
            memory = Memory(state, memory.delta).select(keep)
            state, delta = memory.state, memory.delta
        logits, state = backbone(picked.unsqueeze(1), state, delta=delta, last_only=True)
