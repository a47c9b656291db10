"""`docs/submitting.md` keeps its word: every command in it is run, in order, in a checkout of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "submitting.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


def git(*words, cwd):
    subprocess.run(["git", "-c", "init.defaultBranch=main", *words], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A clone with an empty board and the shipped weights."""
    base = tmp_path_factory.mktemp("submitting")
    git("init", "--bare", "origin.git", cwd=base)
    git("clone", "origin.git", "clone", cwd=base)
    clone = base / "clone"
    (clone / "leaderboards" / "entries").mkdir(parents=True)
    (clone / "prosg_ref").symlink_to(ROOT / "prosg_ref")
    (clone / ".git" / "info" / "exclude").write_text("prosg_ref\n")
    for name, value in (("user.name", "Ann Other"), ("user.email", "ann@example.org")):
        git("config", name, value, cwd=clone)
    (clone / "card.yaml").write_text(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0])
    return clone


def test_every_command_runs(checkout):
    assert len(BLOCKS) == 5
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for block in BLOCKS:
        done = subprocess.run(
            ["bash", "-euc", block], cwd=checkout, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        if "rehearsal" in block:
            assert "look at: gold copied" in done.stdout
    lines = [json.loads(line) for line in (checkout / "leaderboards" / "decisions.jsonl").read_text().splitlines()]
    assert [line["decision"] for line in lines] == ["accepted", "re-run", "flagged"]
    assert "20 random items" in lines[1]["reason"]
    assert "my-rwkv" in (checkout / "site" / "index.html").read_text("utf-8")
    pushed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "my-rwkv"], cwd=checkout.parent / "origin.git", capture_output=True, text=True
    )
    assert "leaderboards/entries/my-rwkv/submission.yaml" in pushed.stdout
