"""The space in which the inputs of a matrix are first compared: what differs between prompt and answer does not count.

What stands at the input of a matrix after `C,` in an answer is not what stood there after `C,` in the prompt: the rest of the
text is in it too. Pairs of such places, where the answer goes on with what a token of the prompt would tell (`labels.told`),
say what that rest is. With S the mean square of their differences, it is as good as gone in the space of S^(-1/2). Where nothing
is due nothing should be found: the mean square of how other places of an answer differ from its keys is a part of S too.

Source: Fisher's linear discriminant, with pairs of places as classes.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from .evaluate import token_losses
from .examples import Example, SplitBatch, counted, split_batch
from .labels import told
from .prosg import ProSG
from .recall import LOST
from .regression import InputKey
from .synthesis import TokenSynthesis

FLOOR = 1e-3  # of the mean variance: added to every direction's
LONGEST = 1_200  # tokens; longer examples are left out
ELSEWHERE = 0.1  # weight in S of the places where nothing is due

Place = tuple[int, int, int]  # of a text: in the answer, in the prompt where the same words stand, and what is to be told there


@torch.no_grad()
def whiten(model: ProSG, examples: Sequence[Example]) -> None:
    """Start the metric of every target from the inputs of examples.

    Raises ValueError for a module whose metric is not `key: input` of full rank, or where the examples have too few pairs of
    places.
    """
    synthesis, adapter, targets = model.synthesis, model.adapter, model.config.targets
    for target in targets:
        if not isinstance(synthesis, TokenSynthesis) or model.config.metric != adapter.targets[target][0]:
            raise ValueError(f"whiten: needs `key: input` and a metric of the full rank, {adapter.targets[target][0]}")
    assert isinstance(synthesis, TokenSynthesis)
    there, noise = _places(model, examples)
    for target in targets:
        part = synthesis.part(target)
        for layer in range(adapter.n_layer):
            name = adapter.matrix(layer, target)
            if len(there.get(name, ())) < 2:
                raise ValueError(f"whiten: {target}: too few places of so few examples up to {LONGEST:,} tokens; take more")
            space = _whitening(there[name], noise[name] / len(there[name]))
            cast(InputKey, part.v).set_metric(layer, (space - torch.eye(len(space))).float())


def _places(model: ProSG, examples: Sequence[Example]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """By matrix, its inputs at places of prompts (N, d_in), and N S (d_in, d_in)."""
    config, adapter = model.config, model.adapter
    there: dict[str, list[Tensor]] = {}
    noise: dict[str, Tensor] = {}
    for example in examples:
        if example.tokens > LONGEST:
            continue
        batch = split_batch([example]).to(adapter.head().device)
        share = lost(model, batch, adapter.read(batch.prompt, batch.prompt_lengths).state)[0]
        by_target = {target: pairs(example, config.directions(target), share) for target in config.targets}
        if not any(by_target.values()):
            continue
        text = torch.tensor([[*example.prompt, *example.answer]], device=adapter.head().device)
        inputs = adapter.read(text, torch.tensor([text.shape[1]], device=text.device), config.taps).inputs
        for target, found in by_target.items():
            if not found:
                continue
            now, before, _ = torch.tensor(found).unbind(1)
            elsewhere = torch.ones(text.shape[1], dtype=torch.bool)
            elsewhere[: len(example.prompt) - 1] = elsewhere[now] = False
            for layer in range(adapter.n_layer):
                name = adapter.matrix(layer, target)
                x = inputs[name][0].cpu().double()
                due, other = x[now] - x[before], x[elsewhere] - x[before].mean(0)
                there.setdefault(name, []).append(x[before])
                square = due.T @ due + ELSEWHERE * len(found) / len(other) * other.T @ other
                noise[name] = noise.get(name, torch.zeros_like(square)) + square
    return {name: torch.cat(x) for name, x in there.items()}, noise


@torch.no_grad()
def lost(model: ProSG, batch: SplitBatch, state: Any) -> Tensor:
    """For each token of the answers, how probable it is that the backbone alone, from that state, does not say it, (B, S)."""
    x, _ = model.adapter.hidden(batch.inputs, state, None, {})
    return not_said(x, model.adapter.head(), batch)


def not_said(x: Tensor, head: Tensor, batch: SplitBatch) -> Tensor:
    """For each token of the answers, how probable it is that it is not said after last hidden vectors x (B, S, D), (B, S)."""
    losses, _ = token_losses(x.float(), head, batch.targets, batch.weights)
    places = (counted(batch.weights, losses.device),)
    return losses.new_zeros(batch.weights.numel()).index_put(places, 1 - (-losses).exp()).view_as(batch.targets).float()


def pairs(example: Example, offsets: Sequence[int], share: Tensor) -> list[Place]:
    """Places of the answer, and the one of the prompt where the same two tokens stand and what comes next would be told, where
    there is one alone. `share` (S) of each token of the answer is lost."""
    text, first = [*example.prompt, *example.answer], len(example.prompt)
    batch, lost = split_batch([example]), share.tolist()
    places: dict[tuple[int, ...], set[tuple[int, int]]] = {}
    for offset in offsets:
        for t, due in enumerate(told(batch, offset, share.cpu().unsqueeze(0))[0].tolist()):
            if due > LOST:
                places.setdefault((text[t - 2], text[t - 1], text[t + offset]), set()).add((t - 1, t + offset))
    found = []
    for s in range(first - 1, len(text) - 1):
        before = places.get(tuple(text[s - 1 : s + 2]), set())
        if len(before) == 1 and lost[s + 1 - first] > LOST:
            found.append((s, *next(iter(before))))
    return found


def _whitening(x: Tensor, noise: Tensor) -> Tensor:
    """S^(-1/2) with the direction of the mean taken out, scaled to leave the mean norm as it is. (N, d), S (d, d) -> (d, d)"""
    floor = FLOOR * noise.diagonal().mean().clamp(min=1e-12)
    values, vectors = torch.linalg.eigh(noise + floor * torch.eye(len(noise), dtype=x.dtype))
    mean = x.mean(0)
    whitened = (
        vectors * values.rsqrt() @ vectors.T @ (torch.eye(len(mean), dtype=x.dtype) - torch.outer(mean, mean) / mean.dot(mean))
    )
    centred = x - mean
    return whitened * (centred.norm(dim=1).mean() / (centred @ whitened.T).norm(dim=1).mean())
