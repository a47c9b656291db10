"""The commands `musi leaderboard …` and `musi season …`: each calls this package and prints what it returns."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from musi.console import progress, put, talk

Entries = Annotated[Path, typer.Argument(help="Folder of the entries; the log of decisions lies beside it.")]
By = Annotated[str, typer.Option(help="Who decided.")]
Public = Annotated[Path, typer.Argument(help="The published file of the season.")]
Secret = Annotated[Path, typer.Option(help="Secret folder of the season: its seed and its test set.")]
Reason = Annotated[str, typer.Option(help="Why, in one line.")]
DEFAULT_ENTRIES = Path("leaderboards/entries")

season = typer.Typer(no_args_is_help=True, help="Secret test sets: hash published first, seed revealed after.")
leaderboard = typer.Typer(no_args_is_help=True, help="Submit results, check them by scoring them again, build the board.")


class LaterDecision(StrEnum):
    """What can be decided about an entry after it was accepted."""

    flagged = "flagged"
    removed = "removed"
    accepted = "accepted"


@leaderboard.command("submit")
def leaderboard_submit(
    results: Annotated[Path, typer.Argument(help="Folder that lm-eval wrote with --log_samples -o.")],
    name: Annotated[str, typer.Option(help="Name of the entry.")],
    out: Annotated[Path, typer.Option(help="Folder that the submission's folder is put into.")] = Path("submissions"),
    card: Annotated[Path | None, typer.Option(help="YAML with what lm-eval cannot know: licence, training data…")] = None,
) -> None:
    """Make a submission folder from lm-eval's results.

    Example: musi leaderboard submit runs/smollm2-quick --name smollm2-135m --card card.yaml
    """
    from .submission import submit

    typer.echo(submit(results, name, out, card))


@leaderboard.command("check")
def leaderboard_check(
    submission: Annotated[Path, typer.Argument(help="Submission folder, or a .zip of one.")],
    entries: Annotated[Path | None, typer.Option(help="Entries to compare with: copied responses, look-alike names.")] = None,
) -> None:
    """Score the raw responses of a submission again; refuse it when a claim differs; say what a human should look at.

    Example: musi leaderboard check submissions/smollm2-135m
    """
    from .archive import opened
    from .review import report, review

    with opened(submission) as folder:
        typer.echo(report(*review(folder, entries)))


@leaderboard.command("review")
def leaderboard_review(
    tree: Annotated[Path, typer.Argument(help="Checkout of the pull request; nothing in it is run.")],
    entries: Entries = DEFAULT_ENTRIES,
) -> None:
    """Check the one submission that a pull request adds and print a comment; changed paths come on stdin, each ended by a NUL.

    Example: musi leaderboard review pull leaderboards/entries < changed
    """
    from .review import review_pull_request

    passed, comment = review_pull_request(tree, sys.stdin.buffer.read(1_000_000), entries)
    typer.echo(comment)
    if not passed:
        raise typer.Exit(1)


@leaderboard.command("accept")
def leaderboard_accept(
    submission: Annotated[Path, typer.Argument(help="Submission folder, or a .zip of one.")],
    by: By,
    reason: Reason,
    entries: Entries = DEFAULT_ENTRIES,
) -> None:
    """Check a submission, take it into the entries and log the decision.

    Example: musi leaderboard accept submissions/smollm2-135m --by "Ann Other" --reason "re-scored, transcripts read"
    """
    import datetime

    from .decisions import accept

    typer.echo(accept(submission, entries, entries.absolute().parent / "decisions.jsonl", by, reason, datetime.date.today()))


@leaderboard.command("decide")
def leaderboard_decide(
    entry: Annotated[Path, typer.Argument(help="Folder of the entry.")],
    decision: Annotated[LaterDecision, typer.Argument(help="What was decided.")],
    by: By,
    reason: Reason,
) -> None:
    """Log that an entry is flagged, removed from the board, or accepted again after that.

    Example: musi leaderboard decide leaderboards/entries/some-model removed --by "Ann Other" --reason "asked for by its author"
    """
    import datetime

    from .decisions import log

    line = log(entry, entry.parent.absolute().parent / "decisions.jsonl", decision.value, by, reason, datetime.date.today())
    talk(f"{line.entry}: {line.decision}")


@leaderboard.command("rerun")
def leaderboard_rerun(
    submission: Annotated[Path, typer.Argument(help="Folder of the entry or submission.")],
    items: Annotated[int, typer.Option(min=1, help="Random items of each of its tasks.")] = 20,
    model_args: Annotated[str | None, typer.Option(help="lm-eval's arguments of the model here, instead of the card's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Draw the items of an earlier re-run again.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    by: Annotated[str | None, typer.Option(help="Log a pass in the decisions, as made by you.")] = None,
) -> None:
    """Run random items again with the weights at hand and compare verdicts; fails when they differ.

    Example: musi leaderboard rerun leaderboards/entries/tiny-rwkv --items 20
    """
    import datetime

    from .decisions import log
    from .rerun import rerun

    found = rerun(submission, items, seed, model_args, batch_size)
    typer.echo(found.summary())
    if not found.passed:
        talk("the model does not give what was submitted")
        raise typer.Exit(1)
    if by is not None:
        decisions = submission.parent.absolute().parent / "decisions.jsonl"
        log(submission, decisions, "re-run", by, found.summary(), datetime.date.today())


@leaderboard.command("build")
def leaderboard_build(
    entries: Entries = DEFAULT_ENTRIES,
    out: Annotated[Path, typer.Option(help="Folder of the site.")] = Path("site"),
) -> None:
    """Check every entry not checked before and render the board as a static site.

    Example: musi leaderboard build submissions --out site
    """
    from .board import build

    with progress("entries", sum(1 for path in entries.glob("*/"))) as advance:
        page = build(entries, out, progress=advance)
    typer.echo(page)


@season.command("open")
def season_open(
    name: Annotated[str, typer.Argument(help="Name of the season: small letters and digits.")],
    secret: Annotated[Path, typer.Option(help="Folder to make for the seed and the test set; keep it to yourself.")],
    out: Annotated[Path, typer.Option(help="Folder of the published file.")] = Path("leaderboards/seasons"),
    items: Annotated[int, typer.Option(min=1, help="Items of the test set.")] = 1_000,
    lang: Annotated[str, typer.Option(help="Language of the test set.")] = "en",
) -> None:
    """Draw a secret seed and build a test set from it; only hashes of both are published.

    Example: musi season open 2026a --secret ~/season-2026a
    """
    from .season import open_season

    typer.echo(open_season(name, out, secret, items, lang))


@season.command("score")
def season_score(
    public: Public,
    secret: Secret,
    model: Annotated[str, typer.Option(help="lm-eval's model type.")],
    out: Annotated[Path, typer.Option(help="Folder of lm-eval's results and samples.")],
    model_args: Annotated[str, typer.Option(help="lm-eval's arguments of the model.")] = "",
    batch_size: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    chat: Annotated[bool, typer.Option("--chat", help="Put prompts into the model's chat template.")] = False,
) -> None:
    """Run a model on the secret test set. Keep what is written as secret as the test set until it is revealed.

    Example: musi season score leaderboards/seasons/2026a.json --secret ~/season-2026a --model musi-gold --out runs/2026a
    """
    from .season import score

    put(score(public, secret, out, model, model_args, batch_size, chat))


@season.command("reveal")
def season_reveal(public: Public, secret: Secret) -> None:
    """Publish the seed: from now on anybody can build the test set and check it.

    Example: musi season reveal leaderboards/seasons/2026a.json --secret ~/season-2026a
    """
    from .season import reveal

    talk(f"{public}: seed {reveal(public, secret).seed}")


@season.command("check")
def season_check(
    public: Public,
    results: Annotated[Path | None, typer.Option(help="Folder of `musi season score`, to be scored again, too.")] = None,
) -> None:
    """Build a revealed season again, compare its hashes, and prove that no release holds a problem of it.

    Example: musi season check leaderboards/seasons/2026a.json --results runs/2026a
    """
    from .check import headline
    from .season import check_season

    season, result = check_season(public, results)
    talk(f"{public}: {season.items:,} items, as published")
    if result is not None:
        typer.echo(headline(result))
