"""The shipped weights, scored again on validation beside every control: what `musi study verify` prints."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from musi.errors import MusiError
from musi.release import load_split
from musi.schema import Split

from .checkpoint import load_backbone, load_prosg
from .evaluate import Control, Scores, Variant, against, score

WEIGHTS = Path(__file__).with_name("weights") / "tiny"
ITEMS = 40  # of validation: 50 took six minutes on two cores without AVX-512

# Name: folder of the backbone, folder of the ProSG module (or none), control.
VARIANTS: dict[str, tuple[str, str | None, Control]] = {
    "backbone": ("backbone", None, "none"),
    "backbone_more_steps": ("backbone_more_steps", None, "none"),
    "prosg": ("backbone", "prosg", "none"),
    "prosg_state": ("backbone", "prosg_state", "none"),
    "shuffled": ("backbone", "prosg", "shuffled"),
    "constant": ("backbone", "constant", "none"),
    "state_reset": ("backbone", "prosg", "reset_state"),
    "twice": ("backbone", None, "twice"),
}


def verify(
    weights: Path = WEIGHTS,
    items: int = ITEMS,
    workers: int = 2,
    progress: Callable[[int], None] = lambda done: None,
    split: Split = "validation",
) -> dict[str, dict[str, Any]]:
    """Scores of every variant on the first `items` items of a split, by the names of `VARIANTS`, and beside each its paired
    differences from the backbone on the same items.

    Raises MusiError when a checkpoint is missing or does not load.
    """
    for base, module, _ in VARIANTS.values():
        for name in filter(None, (base, module)):
            if not (weights / name / "config.json").exists():
                raise MusiError(
                    f"{weights / name}: no checkpoint here; train it by the recipe of that name, or install musi again"
                )
    found: dict[str, Scores] = {}
    for name, scores in _scored(weights, items, split, workers):
        found[name] = scores
        progress(1)
    backbone = found["backbone"]
    return {name: {**scores.as_dict(), "against_backbone": against(scores, backbone)} for name, scores in found.items()}


def _scored(weights: Path, items: int, split: Split, workers: int) -> Iterator[tuple[str, Scores]]:
    jobs = [(name, weights, items, split) for name in VARIANTS]
    if workers == 1:
        yield from map(_score, jobs)
        return
    # Models this small gain nothing from threads: a process a core instead, started afresh, since torch does not survive a fork.
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        yield from pool.map(_score, jobs)


def _score(job: tuple[str, Path, int, Split]) -> tuple[str, Scores]:
    name, weights, items, split = job
    base, module, control = VARIANTS[name]
    backbone, tokenizer = load_backbone(weights / base)
    model = backbone if module is None else load_prosg(weights / module, backbone, weights / base)
    return name, score(Variant(model, control), load_split(split)[:items], tokenizer)
