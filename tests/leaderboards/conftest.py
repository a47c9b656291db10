"""Real lm-eval output to submit, made once a session, and a submission to break."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leaderboards.submission import submit
from tests.leaderboards.support import Forgetful, Silent, run


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Results folder of a model by name, run once a session."""
    base = tmp_path_factory.mktemp("results")
    makers: dict[str, Callable[[Path], Path]] = {
        "forgetful": lambda out: run(Forgetful(30), "musi_quick", out),
        "gold": lambda out: run(Forgetful(10**6), "musi_quick", out),
        "silent": lambda out: run(Silent(0), "musi_quick", out),
        "limited": lambda out: run(Forgetful(30), "musi_quick", out, limit=5),
        "forced": lambda out: run(Forgetful(0), "musi_forced", out),
    }

    def folder(name: str) -> Path:
        out = base / name
        return out if out.exists() else makers[name](out)

    return folder


@pytest.fixture(scope="session")
def pristine(results: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission of the forgetful model that passes the check; copy it before changing it."""
    return submit(results("forgetful"), "Forgetful", tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def submission(pristine: Path, tmp_path: Path) -> Path:
    """A copy of that submission to change."""
    return Path(shutil.copytree(pristine, tmp_path / pristine.name))
