"""Phase 1 in a few fixed shapes, which a GPU runs as CUDA graphs.

A model this small spends its time on starting kernels, not in them: a step of 256 examples took 240 ms on an H200. A graph starts
all kernels of a part's forward and backward pass at once, but holds for one shape only. So examples are padded to the next of a
few lengths and parts to the next of a few numbers of rows, with empty ones.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from .examples import Example, sent

LENGTHS = (64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 8192, 32_768)
ROWS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
PART_TOKENS = 65_536  # of a part, padding included, where it has more than the fewest rows
WARM_UP = 2  # runs before a graph is made: kernels are compiled, libraries get their workspaces

Array = np.ndarray[Any, Any]


class Part(NamedTuple):
    """Inputs, targets and loss weights (B, T), and how many of the tokens are of examples."""

    arrays: tuple[Array, ...]
    tokens: int


class StaticLoss(Protocol):
    """A loss whose batches can be brought to a shape."""

    def total(self, examples: Sequence[Example]) -> float: ...

    def tensors(self, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, targets, and loss weights, 0 on padding, (B, T) each."""
        ...

    def of_tensors(self, inputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Sum of the losses by their weights."""
        ...


def cut(loss: StaticLoss, examples: Sequence[Example]) -> list[Part]:
    """All examples of a step in parts of fixed shapes; the losses of the parts add up to the step's mean loss."""
    total = loss.total(examples)

    def fitting(example: Example) -> int:
        return next(length for length in LENGTHS if example.tokens - 1 <= length)

    parts = []
    for length, group in groupby(sorted(examples, key=fitting), key=fitting):
        alike = list(group)
        most = max((rows for rows in ROWS if rows * length <= PART_TOKENS), default=ROWS[0])
        for i in range(0, len(alike), most):
            some = alike[i : i + most]
            rows = next(rows for rows in ROWS if len(some) <= rows)
            inputs, targets, weights = (x.numpy() for x in loss.tensors(some))
            arrays: list[Array] = [inputs.astype(np.int32), targets.astype(np.int32), weights / np.float32(total)]
            padded = [np.pad(x, [(0, rows - x.shape[0]), (0, length - x.shape[1])]) for x in arrays]
            parts.append(Part(tuple(padded), sum(e.tokens for e in some)))
    return parts


class Graphs:
    """Forward and backward passes of parts, each shape's as one CUDA graph; gradients add up in `parameters`' `.grad`."""

    def __init__(self, loss: Callable[..., Tensor], parameters: Sequence[nn.Parameter], bfloat16: bool) -> None:
        self.loss, self.parameters, self.bfloat16 = loss, parameters, bfloat16
        self.made: dict[tuple[int, ...], tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]] = {}
        self.memory = torch.cuda.graph_pool_handle()
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)

    def run(self, part: Part, device: torch.device) -> Tensor:
        """The part's loss; its gradients are added."""
        arrays = [torch.from_numpy(x) for x in part.arrays]
        shape = tuple(arrays[0].shape)
        if shape not in self.made:
            kinds = (torch.int64, torch.int64, torch.float32)
            self.made[shape] = self._make([x.to(device, kind) for x, kind in zip(arrays, kinds, strict=True)])
        graph, inputs, loss = self.made[shape]
        for given, x in zip(inputs, arrays, strict=True):
            given.copy_(sent(x, device), non_blocking=True)
        graph.replay()
        return loss.clone()  # the next graph's memory may lie over it

    def _make(self, inputs: list[Tensor]) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Tensor]:
        before = [p.grad.clone() for p in self.parameters if p.grad is not None]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                self._both(inputs)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.memory):
            loss = self._both(inputs)
        for parameter, gradient in zip(self.parameters, before, strict=True):
            assert parameter.grad is not None
            parameter.grad.copy_(gradient)
        return graph, inputs, loss

    def _both(self, inputs: list[Tensor]) -> Tensor:
        with torch.autocast("cuda", torch.bfloat16, self.bfloat16):
            loss = self.loss(*inputs)
        loss.backward()
        return loss.detach()
