"""The command line. Wiring only: the packages bring their commands, every command prints what its package returns.

One exception becomes one line: a MusiError is printed as it is, with exit code 1; `MUSI_DEBUG=1` shows the traceback instead.
"""

import importlib.util
import os
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from leaderboards.commands import leaderboard, season
from musi.commands import dataset, reports, rescore_command
from musi.console import talk
from prosg_ref.commands import generate_command, model, study, train

TASKS = Path(__file__).resolve().parent / "tasks"

app = typer.Typer(
    name="musi",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Measure and cure prompt forgetting in language models.",
)
tasks = typer.Typer(no_args_is_help=True, help="The lm-evaluation-harness tasks.")
app.add_typer(dataset, name="dataset")
app.add_typer(tasks, name="tasks")
app.add_typer(train, name="train")
app.add_typer(study, name="study")
app.add_typer(model, name="model")
app.add_typer(leaderboard, name="leaderboard")
app.add_typer(reports, name="report")
app.add_typer(season, name="season")
app.command("rescore")(rescore_command)
app.command("generate")(generate_command)


def beside(name: str) -> ModuleType:
    """The module `tasks/NAME.py`, loaded by its path: `tasks` is a name that other distributions use too."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, TASKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@app.callback(invoke_without_command=True)
def version_option(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print versions and exit.")] = False,
) -> None:
    """Measure and cure prompt forgetting in language models."""
    if version:
        from musi import __version__
        from musi.generate import RELEASE

        typer.echo(f"musi {__version__}, dataset release {RELEASE}")
    elif context.invoked_subcommand is None:
        context.fail("Missing command; see `musi --help`.")


@tasks.command("path")
def tasks_path() -> None:
    """Print the folder to give to lm-eval's --include_path.

    Example: musi tasks path
    """
    typer.echo(TASKS)


@tasks.command("check")
def tasks_check(names: Annotated[list[str] | None, typer.Argument(help="Tasks to check; all without any.")] = None) -> None:
    """Load every task deeply: YAML, data, requests, and scores of gold, foreign, echoed and empty answers.

    Example: musi tasks check
    """
    for line in beside("musi_check").check(TASKS, names or ()):
        typer.echo(line)


@app.command("eval", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def eval_command(context: typer.Context) -> None:
    """lm-eval's own command line, with the model `prosg-rwkv` and the MuSI tasks known to it.

    Example: musi eval run --model prosg-rwkv --model_args pretrained=tiny --tasks musi_quick --log_samples -o OUT
    """
    import lm_eval.tasks
    from lm_eval.__main__ import cli_evaluate

    import leaderboards.oracle  # noqa: F401
    import prosg_ref.harness  # noqa: F401  both register their model

    arguments = list(context.args)
    options = {word.partition("=")[0] for word in arguments}
    if "--include_path" not in options and ("-t" in options or any(word.startswith("--task") for word in options)):
        arguments += ["--include_path", str(TASKS)]
    if "prosg-rwkv" in arguments and not {"--batch_size", "-b"} & options:
        arguments += ["--batch_size", "auto"]  # lm-eval's 1 takes twice as long, for the same answers
    after = [word for option, word in pairwise(arguments) if option in ("--tasks", "-t")]
    several = any(not (a.startswith("-") or b.startswith("-")) for a, b in pairwise(arguments))  # `--tasks a b`
    asked = {name for word in after for name in word.split(",") if not several}
    if asked and asked <= {path.stem for path in TASKS.glob("*.yaml")}:
        # lm-eval would read its own 13,000 task files first, for seconds.
        lm_eval.tasks.TaskManager = partial(lm_eval.tasks.TaskManager, include_defaults=False)
    sys.argv = ["lm-eval", *arguments]
    cli_evaluate()


def main() -> None:
    """Run a command; a MusiError becomes one line on stderr and exit code 1."""
    from musi.errors import MusiError

    try:
        app()
    except MusiError as error:
        if os.environ.get("MUSI_DEBUG") == "1":
            raise
        talk(f"error: {error}")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
