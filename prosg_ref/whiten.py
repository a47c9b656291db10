"""The space in which the inputs of a matrix are first compared: what the same words look like elsewhere does not count.

What stands at the input of `ffn.key` after `C,` in an answer is far from what stood there after `C,` in the prompt: the rest of
the text is in it too. Inputs at the same two tokens in different contexts say what that rest is (their covariance S within such
a class), and in the space of S^(-1/2) it is as good as gone: at the first `ffn.key` of the tiny backbone, in lists told
backwards in whole items, the regression's largest weight is on the right token of the prompt in 100 % of the places, and in 6 %
without.

Source: Fisher's linear discriminant, with pairs of tokens as classes.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from .adapters import Adapter
from .prosg import ProSG
from .synthesis import InputKey, TokenSynthesis

FLOOR = 1e-3  # of the mean variance: added to every direction's
LONGEST = 1_200  # tokens; longer texts are left out


@torch.no_grad()
def whiten(model: ProSG, texts: Sequence[Sequence[int]]) -> None:
    """Start the metric of every target from the inputs of texts (ids); what has the direction of their mean no longer counts.

    Raises ValueError for a module whose metric is not `key: input` of full rank.
    """
    synthesis, texts = model.synthesis, [text for text in texts if 1 < len(text) <= LONGEST]
    for target in model.config.targets:
        if not isinstance(synthesis, TokenSynthesis) or model.config.metric != model.adapter.targets[target][0]:
            raise ValueError(f"whiten: needs `key: input` and a metric of the full rank, {model.adapter.targets[target][0]}")
        inputs = _inputs(model.adapter, target, texts)
        pairs = torch.tensor([pair for text in texts for pair in pairwise(text)])
        _, classes = pairs.unique(dim=0, return_inverse=True)
        part = synthesis.part(target)
        for layer, x in enumerate(inputs):
            key, change = part.v, _whitening(x.double(), classes) - torch.eye(x.shape[1], dtype=torch.float64)
            assert isinstance(key, InputKey)
            key.set_metric(layer, change.float())


def _inputs(adapter: Adapter, target: str, texts: Sequence[Sequence[int]]) -> list[Tensor]:
    """By layer, what stands at the matrix's input at every token of the texts but each one's first, (N, d_in)."""
    found: list[list[Tensor]] = [[] for _ in range(adapter.n_layer)]
    device = adapter.head().device
    for text in texts:
        reading = adapter.read(torch.tensor([text], device=device), torch.tensor([len(text)], device=device), (target,))
        for i, inputs in enumerate(found):
            inputs.append(reading.inputs[adapter.matrix(i, target)][0, 1:].cpu())
    return [torch.cat(inputs) for inputs in found]


def _whitening(x: Tensor, classes: Tensor) -> Tensor:
    """S^(-1/2) with the direction of the mean taken out, scaled to leave the mean norm as it is. (N, d), (N,) -> (d, d)

    S is the mean covariance within classes of more than one member.
    """
    size, width = int(classes.max()) + 1, x.shape[1]
    count = torch.zeros(size, dtype=x.dtype).index_add_(0, classes, torch.ones_like(x[:, 0]))
    means = torch.zeros(size, width, dtype=x.dtype).index_add_(0, classes, x) / count.unsqueeze(1)
    spread = (x - means[classes]) / count[classes].sqrt().unsqueeze(1)
    within = spread.T @ spread / (count > 1).sum().clamp(min=1)
    floor = FLOOR * within.diagonal().mean().clamp(min=1e-12)
    values, vectors = torch.linalg.eigh(within + floor * torch.eye(width, dtype=x.dtype))
    mean = x.mean(0)
    whitened = vectors * values.rsqrt() @ vectors.T @ (torch.eye(width, dtype=x.dtype) - torch.outer(mean, mean) / mean.dot(mean))
    centred = x - mean
    return whitened * (centred.norm(dim=1).mean() / (centred @ whitened.T).norm(dim=1).mean())
