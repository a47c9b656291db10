"""Pull requests: the added folder is found by its paths, all else is refused, the comment is plain text; the workflow's steps."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from leaderboards.review import MARK, review_pull_request
from tests.leaderboards.support import edit_card, edit_results

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "leaderboard.yml"
NAME = "leaderboards/entries/forgetful"


@pytest.fixture
def tree(submission, tmp_path):
    """A checkout of a pull request that adds one submission."""
    folder = tmp_path / "pull" / NAME
    folder.parent.mkdir(parents=True)
    shutil.copytree(submission, folder)
    return tmp_path / "pull"


def changed(tree):
    return b"".join(f"{path.relative_to(tree)}\0".encode() for path in sorted((tree / NAME).iterdir()))


def test_sound_submission_passes(tree, tmp_path):
    passed, comment = review_pull_request(tree, changed(tree), tmp_path / "entries")
    assert passed
    assert comment.startswith(MARK)
    assert "musi_quick: retention 0." in comment
    assert "no signal shows" in comment


def test_refusal_names_file_and_reason(tree, tmp_path):
    edit_results(tree / NAME, lambda results: results["results"]["musi_quick"].__setitem__("item_acc,none", 1.0))
    passed, comment = review_pull_request(tree, changed(tree), tmp_path / "entries")
    assert not passed
    assert re.search(r"leaderboards/entries/forgetful/results_\S+: musi_quick claims item_acc = 1\.0", comment)
    assert str(tree) not in comment


def test_a_folder_that_is_not_named_after_the_entry_is_refused(tree, tmp_path):
    """The board would refuse it after the merge, and all of its entries with it."""
    edit_card(tree / NAME, name="Another name")
    passed, comment = review_pull_request(tree, changed(tree), tmp_path / "entries")
    assert not passed
    assert "forgetful: is the entry 'Another name'; name its folder another-name" in comment


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (b"", "changes no files"),
        (b"README.md\0", "'README.md': is not a file of a submission"),
        (b".github/workflows/leaderboard.yml\0", "is not a file of a submission"),
        (b"leaderboards/entries/../../cli.py\0", "is not a file of a submission"),
        (b"leaderboards/entries/forgetful\0", "is not a file of a submission"),
        (b"leaderboards/entries/a/b/c\0", "is not a file of a submission"),
        (b"leaderboards/entries/a/x\0leaderboards/entries/b/x\0", "changes 2 entries"),
        (b"leaderboards/entries/a/\xff\0", "is not a file of a submission"),
        (b"leaderboards/entries/accepted/x\0", "is an entry already"),
        (b"leaderboards/entries/a/x\0" * 101, "changes over 100 files"),
        (b"leaderboards/decisions.jsonl\0", "is not a file of a submission"),
    ],
)
def test_other_changes_are_refused(tree, tmp_path, paths, reason):
    (tmp_path / "entries" / "accepted").mkdir(parents=True)
    passed, comment = review_pull_request(tree, paths, tmp_path / "entries")
    assert not passed
    assert reason in comment


def test_links_on_the_way_are_refused(tree, tmp_path):
    real = tree / "leaderboards"
    real.rename(tmp_path / "elsewhere")
    real.symlink_to(tmp_path / "elsewhere")
    passed, comment = review_pull_request(tree, b"leaderboards/entries/forgetful/submission.yaml\0", tmp_path / "entries")
    assert not passed
    assert "leaderboards: is a link" in comment


def test_comment_is_plain_text(tree, tmp_path):
    edit_card(tree / NAME, licence="```\n@everyone <script>")
    _, comment = review_pull_request(tree, changed(tree), tmp_path / "entries")
    edit_card(tree / NAME, licence="MIT", name="``` @everyone")
    _, other = review_pull_request(tree, changed(tree), tmp_path / "entries")
    for text in (comment, other):
        assert text.count("```") == 2
        assert text.endswith("```\n")


# --- the workflow ---------------------------------------------------------------------------------------------------------------

STEPS = yaml.safe_load(WORKFLOW.read_text("utf-8"))
JOBS = STEPS["jobs"]


def test_workflow_gives_strangers_nothing():
    assert STEPS[True] == {"pull_request_target": {"paths": ["leaderboards/entries/**"]}}  # YAML reads `on` as true
    assert STEPS["permissions"] == {}
    assert JOBS["check"]["permissions"] == {"contents": "read"}
    assert JOBS["comment"]["permissions"] == {"pull-requests": "write"}
    assert "secrets" not in WORKFLOW.read_text("utf-8")
    assert not [step for step in JOBS["comment"]["steps"] if "uses" in step]  # it checks nothing out


def test_workflow_runs_base_code_only():
    for job in JOBS.values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), "a stranger's text must not become part of a script"
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
                assert step["with"]["persist-credentials"] is False
                assert step["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    (check,) = (step for step in JOBS["check"]["steps"] if step.get("id") == "check")
    assert re.findall(r"\S*/musi ", check["run"]) == ["base/.venv/bin/musi "]


def git(*words, cwd):
    done = subprocess.run(["git", "-c", "init.defaultBranch=main", "-c", "user.name=A", "-c", "user.email=a@b", *words],
                          cwd=cwd, check=True, capture_output=True, text=True)  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("sound", [True, False])
def test_workflow_steps_run(submission, tmp_path, sound):
    """The two steps that touch the pull request, run on a repository whose pull request also brings a hostile `cli.py`."""
    git("init", "origin", cwd=tmp_path)
    origin = tmp_path / "origin"
    (origin / "leaderboards" / "entries").mkdir(parents=True)
    (origin / "leaderboards" / "entries" / "README.md").write_text("entries")
    git("add", "-A", cwd=origin)
    git("commit", "-m", "base", cwd=origin)
    base = git("rev-parse", "HEAD", cwd=origin)
    git("switch", "-c", "pull", cwd=origin)
    shutil.copytree(submission, origin / NAME)
    if not sound:
        (origin / "cli.py").write_text("raise SystemExit('owned')")
    git("add", "-A", cwd=origin)
    git("commit", "-m", "submit", cwd=origin)
    head = git("rev-parse", "HEAD", cwd=origin)
    git("update-ref", "refs/pull/7/head", head, cwd=origin)
    git("switch", "main", cwd=origin)
    work = tmp_path / "work"
    work.mkdir()
    git("clone", str(origin), "base", cwd=work)
    (work / "base" / ".venv" / "bin").mkdir(parents=True)
    (work / "base" / ".venv" / "bin" / "musi").symlink_to(Path(sys.executable).parent / "musi")
    output = tmp_path / "output"
    environment = {**os.environ, "PULL_REQUEST": "7", "BASE": base, "HEAD": head, "GITHUB_OUTPUT": str(output)}
    codes = []
    for step in JOBS["check"]["steps"]:
        if "run" in step and "install" not in step["run"]:
            done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=work, env=environment, capture_output=True, text=True)
            codes.append(done.returncode)
    assert codes == [0, 0 if sound else 1], done.stderr
    first, *comment, last = output.read_text().splitlines()
    assert first == f"comment<<{last}"
    assert ("passes" if sound else "'cli.py': is not a file of a submission") in "\n".join(comment)
