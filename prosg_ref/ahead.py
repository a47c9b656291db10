"""Training batches drawn by other processes ahead of their use: a core draws 300,000 tokens a second, a GPU takes millions.

The batches are the same, whoever draws them: those of a window depend on its number alone.
"""

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol

import torch

from .examples import Batches, Example


class Steps(Protocol):
    """The examples of any step of a run."""

    def __getitem__(self, step: int) -> list[Example]: ...


_drawn: Batches  # in a drawing process, what it was forked with


def _window(number: int) -> list[list[Example]]:
    return _drawn.window(number)


def _keep(batches: Batches) -> None:
    global _drawn
    _drawn = batches


class Ahead:
    """`batches`, from `processes` that draw the next windows while one is used. Ask for steps in order.

    The processes are forked, since the items of a release take longer to send than to inherit: make this before anything runs on
    a device.
    """

    def __init__(self, batches: Batches, processes: int) -> None:
        self.size, self.processes = batches.schedule.window, processes
        self.last = (batches.schedule.steps - 1) // self.size
        context = multiprocessing.get_context("fork")
        self.pool = ProcessPoolExecutor(processes, context, initializer=_keep, initargs=(batches,))
        self.windows: dict[int, Future[list[list[Example]]]] = {}
        self._order(0)

    def _order(self, number: int) -> None:
        for later in range(number, min(number + self.processes, self.last) + 1):
            if later not in self.windows:
                self.windows[later] = self.pool.submit(_window, later)

    def __getitem__(self, step: int) -> list[Example]:
        number, place = divmod(step, self.size)
        for done in [other for other in self.windows if other < number]:
            del self.windows[done]
        self._order(number)
        return self.windows[number].result()[place]


def drawn_ahead(batches: Batches) -> Steps:
    """`batches` themselves, or where a GPU waits for them, drawn by every core but one."""
    cores = (os.cpu_count() or 1) - 1
    return Ahead(batches, cores) if torch.cuda.is_available() and cores > 0 else batches
