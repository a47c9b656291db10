"""Training batches drawn by other processes ahead of their use: a core draws 300,000 tokens a second, a GPU takes millions.

The batches are the same, whoever draws them: those of a window depend on its number alone.
"""

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol

import torch

from .examples import Batches, Example
from .graphs import Part, StaticLoss, cut

Step = list[Example] | list[Part]


class Steps(Protocol):
    """The examples of any step of a run, or the parts they were cut into."""

    def __getitem__(self, step: int) -> Step: ...


_drawn: Batches  # in a drawing process, what it was forked with
_loss: StaticLoss | None


def _window(number: int) -> list[Step]:
    window = _drawn.window(number)
    return [*window] if _loss is None else [cut(_loss, examples) for examples in window]


def _keep(batches: Batches, loss: StaticLoss | None) -> None:
    global _drawn, _loss
    torch.set_num_threads(1)  # those of the process before are not here
    _drawn, _loss = batches, loss


class Ahead:
    """`batches`, from `processes` that draw the next windows while one is used, and cut them for `loss`. Ask for steps in order.

    The processes are forked, since the items of a release take longer to send than to inherit: make this before anything runs on
    a device.
    """

    def __init__(self, batches: Batches, processes: int, loss: StaticLoss | None = None) -> None:
        self.size, self.processes = batches.schedule.window, processes
        self.last = (batches.schedule.steps - 1) // self.size
        context = multiprocessing.get_context("fork")
        self.pool = ProcessPoolExecutor(processes, context, initializer=_keep, initargs=(batches, loss))
        self.windows: dict[int, Future[list[Step]]] = {}
        self._order(0)

    def _order(self, number: int) -> None:
        for later in range(number, min(number + self.processes, self.last) + 1):
            if later not in self.windows:
                self.windows[later] = self.pool.submit(_window, later)

    def __getitem__(self, step: int) -> Step:
        number, place = divmod(step, self.size)
        for done in [other for other in self.windows if other < number]:
            del self.windows[done]
        self._order(number)
        return self.windows[number].result()[place]


def drawn_ahead(batches: Batches, loss: StaticLoss | None = None) -> Steps:
    """`batches` themselves, or where a GPU waits for them, drawn by every core but one, and with `graphs` cut into parts."""
    if not torch.cuda.is_available():
        return batches
    return Ahead(batches, max(1, (os.cpu_count() or 1) - 1), loss if batches.schedule.graphs else None)
