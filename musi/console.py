"""How commands talk: data goes to stdout, talk to stderr; and the options that commands of several packages share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

Results = Annotated[list[Path], typer.Argument(help="Folders that lm-eval wrote with --log_samples -o, or samples files.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes; the result does not depend on it.")]


def talk(message: str) -> None:
    """Say something to the user that is not data."""
    typer.echo(message, err=True)


def put(data: Any) -> None:
    """Print data as one JSON object."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2))


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Any]:
    """A progress bar on stderr; yields a function that is told how many more are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)
