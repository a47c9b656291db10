"""The log of decisions about entries: one JSON line for each entry accepted, flagged or removed, never rewritten."""

import datetime
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from leaderboards.check import Checked, Tier, check
from leaderboards.submission import Digest, Line, Name, slug
from leaderboards.untrusted import first_fault, read_bytes
from musi.errors import MusiError
from musi.schema import Record, canonical_json

MAX_LOG_BYTES = 16_000_000


class Decision(Record):
    """One line of the log. `digest` is that of the entry's SHA256SUMS, so that a later change of the entry shows."""

    entry: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$", description="folder name")]
    name: Name
    decision: Literal["accepted", "flagged", "removed"]
    digest: Digest
    tier: Tier
    reason: Line
    by: Name
    date: datetime.date


def accept(submission: Path, entries: Path, decisions: Path, by: str, reason: str, date: datetime.date) -> Path:
    """Check a submission, copy it into `entries` and log the decision; returns the entry's folder.

    Raises MusiError when the check fails, the entry exists, or a file cannot be written; then neither copy nor line is left.
    """
    checked = check(submission)
    line = decide(checked, "accepted", by, reason, date)
    target = entries / line.entry
    if target.exists():
        raise MusiError(f"{target}: already an entry; remove it or submit under another --name")
    partial = entries / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
    try:
        entries.mkdir(parents=True, exist_ok=True)
        shutil.copytree(submission, partial, symlinks=True)
        partial.rename(target)
        append(decisions, line)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise MusiError(f"{target}: {error.strerror or error}; nothing was accepted, choose a writable folder") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def decide(
    checked: Checked, decision: Literal["accepted", "flagged", "removed"], by: str, reason: str, date: datetime.date
) -> Decision:
    """The line for a decision about a checked entry; raises MusiError when a text does not fit one."""
    try:
        return Decision(
            entry=slug(checked.submission.name),
            name=checked.submission.name,
            decision=decision,
            digest=checked.digest,
            tier=checked.tier,
            reason=reason,
            by=by,
            date=date,
        )
    except ValidationError as error:
        raise MusiError(f"{checked.folder}: decision: {first_fault(error)}; mend it and decide again") from None


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
