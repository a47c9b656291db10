"""What a maintainer sees of a submission before the decision: the re-score, the signals, and what it shares with the entries.

Also the check of a pull request, whose files are a stranger's: which folder it adds is read from the list of changed paths,
nothing of it is run, and whatever it says stands in the comment as plain text.
"""

import re
from pathlib import Path

from leaderboards.board import read_entries
from leaderboards.check import Checked, check
from leaderboards.decisions import read_decisions
from leaderboards.pages import TIERS
from leaderboards.record import wrong_of
from leaderboards.signals import Signal, signals, twin_names, twins
from leaderboards.submission import SLUG, refuse_other_name
from leaderboards.untrusted import visible
from musi.errors import MusiError

MARK = "<!-- musi-leaderboard -->"
MAX_COMMENT = 20_000
MAX_CHANGED = 100
ENTRY = re.compile(rf"leaderboards/entries/({SLUG.pattern})/[A-Za-z0-9_.-]{{1,120}}")


def review(submission: Path, entries: Path | None = None) -> tuple[Checked, list[Signal]]:
    """Check a submission and collect its signals, those against the other `entries` too; raises MusiError as `check` does."""
    checked = check(submission)
    found = signals(checked)
    if entries is None or not entries.is_dir():
        return checked, found
    log = read_decisions(entries.absolute().parent / "decisions.jsonl")
    others = {entry.record.id: entry.record for entry in read_entries(entries, log) if entry.record.id != submission.name}
    found += twin_names({submission.name: checked.submission.name} | {id: r.name for id, r in others.items()}).get(
        submission.name, []
    )
    for name, result in checked.tasks.items():
        wrong = {id: record.tasks[name].wrong for id, record in others.items() if name in record.tasks}
        if result.spec.kind == "generate":
            found += twins({submission.name: wrong_of(result)} | wrong, name).get(submission.name, [])
    return checked, found


def report(checked: Checked, found: list[Signal]) -> str:
    """Re-score, tier and signals as text, a line each."""
    lines = [checked.summary(), TIERS[checked.tier]]
    lines += [f"look at: {signal.name}: {signal.text}" for signal in found] or ["no signal shows"]
    return visible("\n".join(lines))


def review_pull_request(tree: Path, changed: bytes, entries: Path) -> tuple[bool, str]:
    """Check the one submission that a pull request adds; returns whether it passes and the comment in Markdown.

    `tree` is a checkout of the pull request, `changed` its changed paths, each ended by a NUL, as `git diff -z` prints
    them; `entries` is the folder of the accepted entries.
    """
    try:
        folder = _added(tree, changed, entries)
        checked, found = review(folder, entries)
        refuse_other_name(folder, checked.submission.name)
        return True, _comment("The submission passes; a maintainer will look at it.", report(checked, found))
    except MusiError as error:
        return False, _comment("The submission is refused.", visible(str(error).replace(f"{tree}/", "")))


def _added(tree: Path, changed: bytes, entries: Path) -> Path:
    paths = [part.decode("utf-8", "replace") for part in changed.split(b"\0")[: MAX_CHANGED + 1] if part]
    if not paths or len(paths) > MAX_CHANGED:
        raise MusiError(f"the pull request changes {'over 100' if paths else 'no'} files; add one submission folder to it")
    names = set()
    for path in paths:
        match = ENTRY.fullmatch(path)
        if not match:
            raise MusiError(f"{path[:200]!r}: is not a file of a submission; add one folder in leaderboards/entries and no more")
        names.add(match[1])
    if len(names) > 1:
        raise MusiError(f"the pull request changes {len(names)} entries; open one for each")
    name = names.pop()
    if (entries / name).exists():
        raise MusiError(f"leaderboards/entries/{name}: is an entry already; submit under another --name")
    folder = tree
    for part in ("leaderboards", "entries", name):
        folder = folder / part
        if folder.is_symlink():
            raise MusiError(f"{folder}: is a link; put the folder itself there")
    return folder


def _comment(verdict: str, text: str) -> str:
    text = text.replace("`", "ˋ")
    if len(text) > MAX_COMMENT:
        text = f"{text[:MAX_COMMENT]}…"
    return f"{MARK}\n**{verdict}**\n\n```text\n{text}\n```\n"
