"""What all tests share: no network, a cache of their own, and one small dataset built once."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from musi.build import build
from musi.generate import build_item
from musi.schema import SPLITS, Item

settings.register_profile("musi", deadline=None, max_examples=60, database=None, derandomize=True)
settings.load_profile("musi")

SMALL = 220
TINY = 22


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Built splits of the release go into a folder of this run, never into the user's cache."""
    folder = tmp_path_factory.mktemp("musi-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSI_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 220 items by one process; only to be read."""
    out = tmp_path_factory.mktemp("small") / "musi"
    build(out, SMALL, workers=1)
    return out


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 22 items by one process; only to be read."""
    out = tmp_path_factory.mktemp("tiny") / "musi"
    build(out, TINY, workers=1)
    return out


@pytest.fixture(scope="session")
def items() -> list[Item]:
    """The first 60 items of every split."""
    return [build_item(split, index) for split in SPLITS for index in range(60)]


class Run(NamedTuple):
    """A finished lm-eval run: its table row, the folder it was saved to, and its samples file."""

    row: dict[str, Any]
    folder: Path
    samples: Path


@pytest.fixture(scope="session")
def lm_eval_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Run]:
    """Run a model by name on 12 items of a task, once a session."""
    from tests.models import Gold, Silent, evaluate

    models = {"gold": Gold, "silent": Silent, "forgetful": lambda: Gold(words=8)}

    @functools.cache
    def run(model: str, task: str) -> Run:
        folder = tmp_path_factory.mktemp(model)
        row = evaluate(models[model](), task, folder)
        (samples,) = folder.rglob("samples_*.jsonl")
        return Run(row, folder, samples)

    return run
