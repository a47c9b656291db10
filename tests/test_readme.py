"""The README keeps its word: every command it shows exists, every path it names is there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from musi.__main__ import load_cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
LINES = [line.split("  #")[0].strip() for block in BLOCKS for line in block.replace("\\\n", " ").splitlines() if line.strip()]
COMMANDS = [line for line in LINES if line.startswith("musi ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_command_parses(line):
    """Each `musi …` line names an existing command and only options that it has (nothing is run)."""
    words = shlex.split(line)[1:]
    command = typer.main.get_command(load_cli().app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    if default := getattr(command, "DEFAULT", None):  # `musi report DIR` means `musi report show DIR`
        command = command.commands[default]
    assert not hasattr(command, "commands"), f"{line}: not a command"
    context = command.make_context("musi", words, resilient_parsing=False)
    assert context.ignore_unknown_options or not context.args


def test_python_of_the_guide_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "training.md").read_text("utf-8"), re.DOTALL)
    exec(compile(code, "docs/training.md", "exec"), {})


@pytest.mark.parametrize("target", re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
def test_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!http)[^)#]+)", README) + re.findall(r"prosg_ref/weights/[\w/-]+", README))
def test_path_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("row", re.findall(r"^([\w.]+/?) {2,}\S", README, re.MULTILINE))
def test_layout_is_there(row):
    assert (ROOT / row).exists()


def test_ci_calls_the_test_command():
    """`.ci/run` runs the README's test command."""
    assert re.search(r"^make test$", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
