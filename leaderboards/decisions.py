"""The log of decisions about entries: one JSON line for each entry accepted, re-run, flagged or removed, never rewritten."""

import datetime
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from leaderboards.archive import opened
from leaderboards.check import Checked, Tier, check, declared_tier, entry_digest
from leaderboards.record import make_record, place_of
from leaderboards.submission import CARD, Digest, Line, Name, Submission, read_submission, slug
from leaderboards.untrusted import first_fault, read_bytes
from musi.errors import MusiError
from musi.schema import Record, canonical_json

MAX_LOG_BYTES = 16_000_000
Verdict = Literal["accepted", "flagged", "removed", "re-run"]


class Decision(Record):
    """One line of the log. `digest` is that of the entry's SHA256SUMS, so that a later change of the entry shows."""

    entry: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$", description="folder name")]
    name: Name
    decision: Verdict
    digest: Digest
    tier: Tier | Literal["re-run"]
    reason: Line
    by: Name
    date: datetime.date


def accept(submission: Path, entries: Path, decisions: Path, by: str, reason: str, date: datetime.date) -> Path:
    """Check a submission (a folder or a `.zip`), copy it into `entries` if it is not there yet, and log the decision.

    What the board keeps of it is made on the way, so that the next build need not score it again.

    Returns the entry's folder. Raises MusiError when the check fails, another entry has its name, or a file cannot be written;
    then neither copy nor line is left.
    """
    with opened(submission) as folder:
        checked = check(folder)
        line = decide(checked, "accepted", by, reason, date)
        target = entries / line.entry
        there = target.exists()
        if there and target.resolve() != folder.resolve():
            raise MusiError(f"{target}: already an entry; remove it or submit under another --name")
        partial = entries / f".{target.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
        try:
            if not there:
                entries.mkdir(parents=True, exist_ok=True)
                shutil.copytree(folder, partial, symlinks=True)
                partial.rename(target)
            append(decisions, line)
        except OSError as error:
            if not there:
                shutil.rmtree(target, ignore_errors=True)
            raise MusiError(f"{target}: {error.strerror or error}; nothing was accepted, choose a writable folder") from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        with suppress(MusiError):  # without a cache the build scores it
            make_record(replace(checked, folder=target), place_of(checked.digest))
    return target


def log(entry: Path, decisions: Path, decision: Verdict, by: str, reason: str, date: datetime.date) -> Decision:
    """Log a later decision about an entry, which need not pass the check any more; raises MusiError when it cannot be written."""
    submission = read_submission(entry / CARD)
    line = _line(entry, submission, entry_digest(entry), declared_tier(submission), decision, by, reason, date)
    try:
        append(decisions, line)
    except OSError as error:
        raise MusiError(f"{decisions}: {error.strerror}; nothing was logged, make it writable") from None
    return line


def decide(checked: Checked, decision: Verdict, by: str, reason: str, date: datetime.date) -> Decision:
    """The line for a decision about a checked entry; raises MusiError when a text does not fit one."""
    return _line(checked.folder, checked.submission, checked.digest, checked.tier, decision, by, reason, date)


def _line(
    folder: Path, card: Submission, digest: str, tier: Tier, decision: Verdict, by: str, reason: str, date: datetime.date
) -> Decision:
    try:
        return Decision(
            entry=slug(card.name),
            name=card.name,
            decision=decision,
            digest=digest,
            tier="re-run" if decision == "re-run" else tier,
            reason=reason,
            by=by,
            date=date,
        )
    except ValidationError as error:
        raise MusiError(f"{folder}: decision: {first_fault(error)}; mend it and decide again") from None


def append(decisions: Path, decision: Decision) -> None:
    """Add one line to the log."""
    with decisions.open("a", encoding="utf-8") as file:
        file.write(canonical_json(decision.model_dump(mode="json")) + "\n")


def read_decisions(path: Path) -> list[Decision]:
    """All decisions in the order they were made, none when there is no log yet; raises MusiError naming file and line."""
    if not path.exists():
        return []
    decisions = []
    for number, line in enumerate(read_bytes(path, MAX_LOG_BYTES).splitlines(), start=1):
        try:
            decisions.append(Decision.model_validate_json(line))
        except ValidationError as error:
            raise MusiError(f"{path}, line {number}: {first_fault(error)}; mend the line") from None
    return decisions
