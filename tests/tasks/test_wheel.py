"""The tasks run unchanged from an installed wheel, in another directory, as they do from a checkout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with what the wheel installs, and nothing of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


@pytest.mark.slow
def test_tasks_of_the_wheel(installed, tmp_path, cache):
    environment = {**os.environ, "PYTHONPATH": str(installed), "MUSI_CACHE": str(cache)}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-P", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    where = run("-c", "import musi; print(musi.__file__)").strip()
    assert where.startswith(str(installed))
    tasks = run("-m", "musi", "tasks", "path").strip()
    assert tasks == str(installed / "tasks")
    assert "musi_quick: 100 items" in run("-m", "musi", "tasks", "check", "musi_quick", "musi_zh", "musi")
    run("-m", "lm_eval", "run", "--include_path", tasks, "--model", "dummy", "--tasks", "musi_quick,musi_twice", "--limit", "2",
        "--log_samples", "-o", "out")  # fmt: skip
    (results,) = tmp_path.rglob("results_*.json")
    row = json.loads(results.read_text("utf-8"))["results"]["musi_quick"]
    assert row["retention,none"] == "N/A"
    assert row["single_acc,none"] == 0
    run("-m", "musi", "report", "out", "--html", "report.html")
    assert "<svg" in (tmp_path / "report.html").read_text("utf-8")
