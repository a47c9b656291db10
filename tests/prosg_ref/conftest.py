"""A small built dataset, a tokenizer trained on it, and a tiny checkpoint, shared by the tests of prosg_ref."""

from pathlib import Path

import pytest
import torch
from tiny_models import CONFIG, random_backbone

from musi.build import split_lines
from musi.compose import multi_example
from musi.schema import parse_item
from prosg_ref.checkpoint import save_backbone
from prosg_ref.tokenizer import Tokenizer

torch.set_num_threads(1)  # models this small gain nothing from more, and lose much on a busy machine


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train.jsonl with 38 items, validation.jsonl with 6."""
    directory = tmp_path_factory.mktemp("data")
    for split, count in (("train", 38), ("validation", 6)):
        (directory / f"{split}.jsonl").write_bytes(b"".join(split_lines(split, count)))
    return directory


@pytest.fixture(scope="session")
def tokenizer(data_dir: Path) -> Tokenizer:
    lines = (data_dir / "train.jsonl").read_bytes().splitlines()
    texts = [text for line in lines for text in multi_example(parse_item(line, "train"))]
    return Tokenizer.train(texts, CONFIG.vocab_size)


@pytest.fixture(scope="session")
def backbone_dir(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    directory = tmp_path_factory.mktemp("backbone")
    save_backbone(directory, random_backbone(), tokenizer)
    return directory
