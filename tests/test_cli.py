"""The command line: quick to start, an example in every help, one line for a fault, and deaf to other modules of its names."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from musi import __version__
from musi.__main__ import load_cli
from musi.errors import MusiError
from musi.generate import RELEASE

cli = load_cli()
runner = CliRunner()


def musi(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "musi", *arguments], capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}
    )


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    if isinstance(children := getattr(command, "commands", None), dict):
        for name, child in children.items():
            yield from leaves(child, (*path, name))
    else:
        yield path, command


COMMANDS = dict(leaves(typer.main.get_command(cli.app)))
every_command = pytest.mark.parametrize("path", COMMANDS, ids=" ".join)


# --- help -------------------------------------------------------------------------------------------------------------------


def test_the_commands_of_the_product_are_there():
    wanted = {"dataset build", "dataset verify", "dataset validate", "dataset show", "dataset stats", "tasks path", "tasks check",
              "report show", "report transcript", "rescore", "eval", "leaderboard submit", "leaderboard check",
              "leaderboard build", "train backbone", "train prosg", "generate"}  # fmt: skip
    assert wanted <= {" ".join(path) for path in COMMANDS}


@every_command
def test_help_has_an_example_that_calls_this_command(path):
    text = COMMANDS[path].help or ""
    assert f"Example: musi {' '.join(path)}" in text


@every_command
def test_help_is_printed(path):
    if path == ("eval",):
        return  # lm-eval prints it
    done = runner.invoke(cli.app, [*path, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.stdout


@every_command
def test_every_option_says_what_it_is(path):
    for parameter in COMMANDS[path].params:
        assert getattr(parameter, "help", None), f"{path}: {parameter.name}"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["dataset", "--help"], ["--version"], ["tasks", "path"]])
def test_starting_does_not_import_what_is_heavy(arguments):
    code = (
        "import sys; from musi.__main__ import main; sys.argv = ['musi', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'lm_eval', 'datasets', 'transformers', 'numpy', 'scipy'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert "HEAVY []" in done.stderr


def test_version():
    assert runner.invoke(cli.app, ["--version"]).stdout.startswith(f"musi {__version__}, dataset release {RELEASE}")


# --- faults -----------------------------------------------------------------------------------------------------------------


def test_a_musi_error_is_one_line_and_exit_code_1(tmp_path):
    done = musi("dataset", "verify", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {tmp_path}/none/manifest.json: No such file or directory; build the dataset with")
    assert done.stderr.count("\n") == 1


def test_the_traceback_shows_under_musi_debug(tmp_path):
    done = musi("dataset", "verify", str(tmp_path / "none"), MUSI_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "MusiError" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["nope"], ["dataset", "nope"], ["dataset", "verify", "--nope"], ["dataset", "show"], ["dataset", "build", "--workers", "0"],
     ["dataset", "build", "--items", "x"], ["dataset", "show", "musi-1.0.0-test_iid-00007", "--stage", "99"]],
)  # fmt: skip
def test_usage_faults_exit_with_2(arguments):
    done = runner.invoke(cli.app, arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def in_process(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and stderr of `main`, without a new process."""
    monkeypatch.setattr(sys, "argv", ["musi", *arguments])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


BAD = {
    "verify nothing": ["dataset", "verify", "{}/none"],
    "validate nothing": ["dataset", "validate", "{}/none"],
    "stats of nothing": ["dataset", "stats", "{}/none"],
    "show an unknown item": ["dataset", "show", "musi-1.0.0-train-99999"],
    "build into an existing folder": ["dataset", "build", "{}", "--items", "22"],
    "build an odd number": ["dataset", "build", "{}/out", "--items", "23"],
    "report on nothing": ["report", "{}/none"],
    "report on an empty folder": ["report", "{}"],
    "a transcript of nothing": ["report", "transcript", "musi-1.0.0-test_iid-00007", "{}/none"],
    "rescore nothing": ["rescore", "{}/none"],
    "check an unknown task": ["tasks", "check", "nope"],
    "submit nothing": ["leaderboard", "submit", "{}/none", "--name", "x"],
    "check nothing": ["leaderboard", "check", "{}/none"],
    "build a board of nothing": ["leaderboard", "build", "{}/none", "--out", "{}/site"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_line(arguments, tmp_path, monkeypatch, capsys):
    code, error = in_process([word.format(tmp_path) for word in arguments], monkeypatch, capsys)
    assert code == 1
    last = error.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_any_musi_error_of_a_command_is_caught(monkeypatch, capsys):
    def fail(_):
        raise MusiError("x.jsonl, line 3: broken; do this")

    monkeypatch.setattr("musi.release.verify", fail)
    assert in_process(["dataset", "verify"], monkeypatch, capsys) == (1, "error: x.jsonl, line 3: broken; do this\n")


def test_a_fault_of_musi_itself_is_not_hidden(monkeypatch, capsys):
    def fail(_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("musi.release.verify", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        in_process(["dataset", "verify"], monkeypatch, capsys)


def test_a_closed_pipe_is_no_fault():
    done = subprocess.run(
        f"{sys.executable} -m musi dataset show musi-1.0.0-test_ood-00000 | true", shell=True, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr


# --- commands ---------------------------------------------------------------------------------------------------------------


def test_build_validate_stats_verify(tmp_path, monkeypatch, capsys):
    """The way of a small dataset through all its commands; `verify` refuses it, since it is not the release."""
    out = tmp_path / "small"
    assert runner.invoke(cli.app, ["dataset", "build", str(out), "--items", "22", "--workers", "1"]).exit_code == 0
    done = runner.invoke(cli.app, ["dataset", "validate", str(out), "--workers", "1", "--json"])
    assert done.exit_code == 0
    assert '"problems": []' in done.stdout
    assert runner.invoke(cli.app, ["dataset", "stats", str(out), "--json"]).exit_code == 0
    code, error = in_process(["dataset", "verify", str(out)], monkeypatch, capsys)
    assert code == 1
    assert "differs from the lock" in error


def test_validate_exits_1_and_names_the_item(tiny, tmp_path):
    import shutil

    copy = shutil.copytree(tiny, tmp_path / "copy")
    path = copy / "train.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"distance":0', b'"distance":1', 1))
    done = runner.invoke(cli.app, ["dataset", "validate", str(copy), "--workers", "1"])
    assert done.exit_code == 1
    assert "train.jsonl, line 1: musi-1.0.0-train-00000: stage 1: distance is 0 words, not 1" in done.stdout


def test_show_prints_prompt_and_answer_and_one_stage():
    from musi.compose import single_prompt
    from musi.generate import build_item

    item = build_item("test_iid", 7)
    whole = runner.invoke(cli.app, ["dataset", "show", item.id]).stdout
    assert whole.startswith(item.prompt)
    assert whole.rstrip().endswith(item.answer)
    assert runner.invoke(cli.app, ["dataset", "show", item.id, "--stage", "2"]).stdout.startswith(single_prompt(item, 1))


def test_report_prints_tables_and_json(lm_eval_run):
    run = lm_eval_run("forgetful", "musi_quick")
    assert "half-life (words)" in runner.invoke(cli.app, ["report", str(run.folder)]).stdout
    assert '"half_life"' in runner.invoke(cli.app, ["report", str(run.folder), "--json"]).stdout


def test_report_writes_html_and_shows_a_transcript(lm_eval_run, tmp_path):
    run = lm_eval_run("forgetful", "musi_quick")
    page = tmp_path / "report.html"
    done = runner.invoke(cli.app, ["report", "show", str(run.folder), "--html", str(page)])
    assert done.exit_code == 0
    assert "<svg" in page.read_text("utf-8")
    (item,) = set(re.findall(r"musi-[0-9.]+-test_iid-[0-9]{5}", run.samples.read_text("utf-8").splitlines()[0]))
    done = runner.invoke(cli.app, ["report", "transcript", item, str(run.folder)])
    assert done.exit_code == 0
    assert item in done.stdout


def test_rescore_says_that_nothing_changed(lm_eval_run):
    done = runner.invoke(cli.app, ["rescore", str(lm_eval_run("forgetful", "musi_quick").folder)])
    assert "0 of " in done.stdout


def test_tasks_path_is_a_folder_that_lm_eval_loads():
    from lm_eval.tasks import TaskManager

    folder = runner.invoke(cli.app, ["tasks", "path"]).stdout.strip()
    manager = TaskManager(include_path=folder, include_defaults=False)
    assert {"musi_generate", "musi_forced", "musi_quick"} <= set(manager.all_tasks)


# --- names that other distributions use too ---------------------------------------------------------------------------------


@pytest.fixture
def stray(tmp_path) -> Path:
    """A folder whose `cli` and `tasks` fail when imported."""
    (tmp_path / "cli.py").write_text("raise SystemExit('the wrong cli')\n")
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "__init__.py").write_text("raise SystemExit('the wrong tasks')\n")
    return tmp_path


@pytest.mark.parametrize("start", [["-m", "musi"], ["-c", "from musi.__main__ import main; main()"]])
def test_works_with_a_stray_cli_and_tasks_first_on_the_path(stray, start):
    done = subprocess.run(
        [sys.executable, *start, "tasks", "path"],
        capture_output=True,
        text=True,
        cwd=stray,
        env={**os.environ, "PYTHONPATH": str(stray)},
    )
    assert done.returncode == 0, done.stderr
    assert (Path(done.stdout.strip()) / "musi_quick.yaml").exists()


def test_tasks_check_works_with_strays_on_the_path(stray):
    done = musi("tasks", "check", cwd=stray, PYTHONPATH=str(stray))
    assert done.returncode == 0, done.stderr
    assert "musi_quick: 100 items" in done.stdout


@pytest.mark.parametrize(
    ("words", "batch_size", "only_ours"),
    [
        (["--model", "prosg-rwkv", "--tasks", "musi_quick,musi_ood"], "auto", True),
        (["--model", "prosg-rwkv", "--tasks", "musi", "--batch_size", "7"], "7", True),
        (["--model", "prosg-rwkv", "--tasks", "musi_quick,ifeval", "--batch_size=3"], "3", False),
        (["--model", "hf", "--tasks", "musi_quick"], "1", True),
        (["--model", "hf", "-t", "musi_quick"], "1", True),
        (["--model", "hf", "--tasks", "ifeval"], "1", False),
        (["--model", "hf", "--tasks", "musi_quick", "ifeval"], "1", False),
    ],
)
def test_eval_hands_our_tasks_and_a_batch_to_lm_eval(monkeypatch, words, batch_size, only_ours):
    """Up to the point where lm-eval would look for tasks and load a model; the other models keep lm-eval's own defaults."""
    import lm_eval.tasks
    from lm_eval._cli.harness import HarnessCLI

    found = {}

    def instead(arguments):
        found.update(vars(arguments), manager=lm_eval.tasks.TaskManager)

    monkeypatch.setattr(lm_eval.tasks, "TaskManager", lm_eval.tasks.TaskManager)
    monkeypatch.setattr(HarnessCLI, "execute", lambda self, arguments: instead(arguments))
    monkeypatch.setattr(sys, "argv", sys.argv)
    result = runner.invoke(cli.app, ["eval", "run", *words])
    assert result.exit_code == 0, result.output
    assert str(found.get("batch_size", 1)) == batch_size
    assert (getattr(found["manager"], "keywords", None) == {"include_defaults": False}) == only_ours
    assert Path(found["include_path"]).samefile(cli.TASKS)
