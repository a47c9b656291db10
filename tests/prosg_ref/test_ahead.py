"""Batches drawn by other processes are those that one process draws."""

from pathlib import Path

import pytest
from tiny_models import random_backbone

from musi.errors import MusiError
from prosg_ref.ahead import Ahead, drawn_ahead
from prosg_ref.examples import Batches, load_items
from prosg_ref.objectives import BackboneLoss
from prosg_ref.recipes import Schedule
from prosg_ref.tokenizer import Tokenizer

SCHEDULE = Schedule(steps=10, batch_size=2, lr=0.1, max_tokens=20_000, window=4)


def test_the_same_batches_from_any_step_on(data_dir: Path, tokenizer: Tokenizer) -> None:
    batches = Batches(load_items(data_dir / "train.jsonl"), tokenizer, SCHEDULE)
    ahead = Ahead(batches, processes=2)
    assert [ahead[step] for step in range(10)] == [batches[step] for step in range(10)]
    assert sorted(ahead.windows) == [2]
    later = Ahead(batches, processes=2)
    assert later[7] == batches[7]


def test_what_goes_wrong_is_told(data_dir: Path, tokenizer: Tokenizer) -> None:
    batches = Batches(load_items(data_dir / "train.jsonl"), tokenizer, SCHEDULE.model_copy(update={"max_tokens": 5}))
    with pytest.raises(MusiError, match=r"schedule\.max_tokens"):
        Ahead(batches, processes=2)[0]


def test_without_a_device_nobody_draws_ahead(data_dir: Path, tokenizer: Tokenizer) -> None:
    batches = Batches(load_items(data_dir / "train.jsonl"), tokenizer, SCHEDULE)
    assert drawn_ahead(batches, BackboneLoss(random_backbone(), SCHEDULE)) is batches
