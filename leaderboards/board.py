"""Accepted entries → a static site: one page a task, one an entry, one for each entry's items, the log, and exports.

    entries/NAME ─ record (scored once, cached) ─┐
    decisions.jsonl ─────────────────────────────┴─ rows, ranks, ties ─ index.html, TASK.html, entries/…, board.csv, board.json, …

Same input, same bytes. A page whose input has not changed since the last build is not written again; one that no entry needs any
more is removed.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from leaderboards.decisions import Decision, read_decisions
from leaderboards.export import board_csv, board_json, eval_results
from leaderboards.pages import SITE, command, render
from leaderboards.ranking import resampled_retention, tied_ranks
from leaderboards.record import EntryRecord, code_digest, records_of
from leaderboards.signals import Signal, twin_names, twins
from leaderboards.specs import TASKS, TaskSpec
from leaderboards.submission import refuse_other_name
from leaderboards.table import PAGE_ROWS, Row, Section, languages, section_of
from musi.errors import MusiError
from musi.schema import canonical_json

BUILT = ".built.json"
MIN_SINGLE_ACC = 0.2  # below it, too few stages pass alone for retention to say anything


@dataclass(frozen=True)
class Entry:
    """A scored entry, the decisions about it, and what it shares with other entries."""

    record: EntryRecord
    pages: Path
    decisions: tuple[Decision, ...]
    twins: tuple[Signal, ...] = field(default=())

    @property
    def decision(self) -> Decision | None:
        return _standing(self.decisions)

    @property
    def tier(self) -> str:
        """`re-run` once somebody has run it again and the entry has not been changed since; else what its samples prove."""
        again = any(each.decision == "re-run" and each.digest == self.record.digest for each in self.decisions)
        return "re-run" if again else self.record.tier


def _standing(past: Sequence[Decision]) -> Decision | None:
    """The decision that holds: the last one but for re-runs, which say what was seen and decide nothing."""
    return next((each for each in reversed(past) if each.decision != "re-run"), None)


def build(entries: Path, out: Path, decisions: Path | None = None, progress: Callable[[int], None] = lambda n: None) -> Path:
    """Score every entry of the folder `entries` not scored before, and write the site into `out`; returns its first page.

    `decisions` is the log, by default the `decisions.jsonl` beside the folder `entries`. Entries whose last decision, re-runs
    aside, is `removed` are left out; those without any are shown as undecided. `progress` is told of every entry that was read.
    Raises MusiError when an entry fails its check, was changed after its decision, or a page cannot be written.
    """
    log = read_decisions(decisions or entries.absolute().parent / "decisions.jsonl")
    shown = read_entries(entries, log, progress)
    try:
        write_site(shown, log, out)
    except OSError as error:
        raise MusiError(f"{error.filename or out}: {error.strerror}; choose another folder with --out") from None
    return out / "index.html"


def read_entries(folder: Path, log: list[Decision], progress: Callable[[int], None] = lambda n: None) -> list[Entry]:
    """Every entry that is not removed, in the order of names; raises MusiError as `build` does."""
    if not folder.is_dir():
        raise MusiError(f"{folder}: no such folder; give the one that holds the submissions")
    about: dict[str, list[Decision]] = {}
    for decision in log:
        about.setdefault(decision.entry, []).append(decision)
    shown = []
    removed = {name for name, past in about.items() if (last := _standing(past)) and last.decision == "removed"}
    paths = [
        path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".") and path.name not in removed
    ]
    for path, (record, pages) in zip(paths, records_of(paths), strict=True):
        past = about.get(path.name, [])
        refuse_other_name(path, record.name)
        if (last := _standing(past)) and last.digest != record.digest:
            raise MusiError(f"{path}: was changed after it was {last.decision}; restore it or accept it again")
        shown.append(Entry(record, pages, tuple(past)))
        progress(1)
    return _compared(shown)


def _compared(entries: list[Entry]) -> list[Entry]:
    """The entries with the signals that only a comparison shows."""
    found: dict[str, list[Signal]] = twin_names({entry.record.id: entry.record.name for entry in entries})
    for spec in TASKS.values():
        wrong = {e.record.id: t.wrong for e in entries if (t := e.record.tasks.get(spec.name)) and t.wrong}
        for name, signals in twins(wrong, spec.name).items():
            found.setdefault(name, []).extend(signals)
    return [Entry(e.record, e.pages, e.decisions, tuple(found.get(e.record.id, ()))) for e in entries]


def judged(entry: Entry, spec: TaskSpec) -> bool:
    """Whether the entry has a rank in the task: a model, whose responses were scored again, and that can do enough alone."""
    if spec.kind == "forced" or entry.record.submission.role == "reference":
        return False
    return (entry.record.tasks[spec.name].estimates["single_acc"].value or 0.0) >= MIN_SINGLE_ACC


def rows_of(entries: list[Entry], spec: TaskSpec) -> list[Row]:
    """The rows of a task in order of rank: judged ones first, then the others by what they keep."""

    def kept(entry: Entry) -> float:
        metric = "retention" if spec.kind == "generate" else "forced_retention"
        return entry.record.tasks[spec.name].estimates[metric].value or 0.0

    present = [entry for entry in entries if spec.name in entry.record.tasks]
    present.sort(key=lambda entry: (not judged(entry, spec), -kept(entry), entry.record.name))
    ranked = [entry.record.tasks[spec.name] for entry in present if judged(entry, spec)]
    resampled = resampled_retention([task.kept for task in ranked], [task.alone for task in ranked])
    ranks: list[int | None] = list(tied_ranks(resampled))
    ranks += [None] * (len(present) - len(ranked))
    return [
        Row(
            record=entry.record,
            rank=rank,
            tier=entry.tier if spec.kind == "generate" or entry.tier == "re-run" else "self-reported",
            state=entry.decision.decision if entry.decision else "undecided",
            signals=len(entry.record.signals) + len(entry.twins),
        )
        for entry, rank in zip(present, ranks, strict=True)
    ]


def write_site(entries: list[Entry], log: list[Decision], out: Path, entry_pages: bool = True) -> None:
    """Write all pages into `out`, each under a temporary name first; without the pages of the entries if so asked."""
    sections = [section_of(spec, rows) for spec in TASKS.values() if (rows := rows_of(entries, spec))]
    out.mkdir(parents=True, exist_ok=True)
    try:
        before = json.loads((out / BUILT).read_bytes())
    except (OSError, ValueError):
        before = {}
    built: dict[str, str] = {}
    for name, key, content in _pages(entries, sections, log, entry_pages):
        built[name] = hashlib.sha256(f"{code_digest()} {key}".encode()).hexdigest()
        if before.get(name) == built[name] and (out / name).is_file():
            continue
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        unfinished = (out / name).with_name(f".{Path(name).name}.partial")
        unfinished.write_bytes(content())
        unfinished.replace(out / name)
    for name in before.keys() - built.keys():
        (out / name).unlink(missing_ok=True)
    for folder in (out / "entries").glob("*/"):
        if not any(folder.iterdir()):
            shutil.rmtree(folder)
    (out / BUILT).write_text(json.dumps(built, indent=0, sort_keys=True), "utf-8")


Page = tuple[str, str, Callable[[], bytes]]  # path, what its content depends on, and how it is made


def _pages(entries: list[Entry], sections: list[Section], log: list[Decision], entry_pages: bool) -> Iterator[Page]:
    nav = [(section.spec.name, section.file) for section in sections]
    if len(languages(sections)[0]) > 1:
        nav.append(("Languages", "languages.html"))

    def page(template: str, root: str = "", **values: Any) -> Callable[[], bytes]:
        return lambda: render(template, root, nav=nav, **values).encode("utf-8")

    for name in ("board.css", "board.js"):
        yield name, "", (SITE / name).read_bytes
    for section in sections:
        yield section.file, f"{section.digest}{nav}", page("board.html", section=section, page_rows=PAGE_ROWS)
    if sections:
        yield "index.html", f"{sections[0].digest}{nav}", page("board.html", section=sections[0], page_rows=PAGE_ROWS)
    else:
        yield "index.html", "", page("empty.html")
    langs, by_language = languages(sections)
    if len(langs) > 1:
        yield "languages.html", f"{_all(sections)}{nav}", page("languages.html", langs=langs, rows=by_language)
    key = canonical_json([line.model_dump(mode="json") for line in log])
    ids = {entry.record.id for entry in entries}
    yield "decisions.html", f"{key}{sorted(ids)}{nav}", page("decisions.html", decisions=log, ids=ids)
    yield "about.html", str(nav), page("about.html", min_single_acc=MIN_SINGLE_ACC)
    names = [(entry.record.id, entry.record.name) for entry in entries]
    yield "entries.html", f"{names}{nav}", page("entries.html", entries=names)
    data = f"{_all(sections)}{[entry.record.digest for entry in entries]}"
    yield "board.csv", data, lambda: board_csv(sections).encode("utf-8")
    yield "board.json", data, lambda: board_json(sections).encode("utf-8")
    ranks = {(section.spec.name, row.record.id): row for section in sections for row in section.rows}
    for entry in entries if entry_pages else ():
        record = entry.record
        rows = {spec.name: ranks[spec.name, record.id] for spec in record.specs()}
        lines = canonical_json([line.model_dump(mode="json") for line in entry.decisions])
        state = f"{record.digest}{lines}{entry.twins}{[(row.rank, row.state) for row in rows.values()]}{nav}"
        yield (
            f"entries/{record.id}.html",
            state,
            page("entry.html", "../", entry=entry, card=record.submission, rows=rows, command=command(record.submission)),
        )
        yield f"eval_results/{record.id}.yaml", record.digest, partial(_eval_results, record)
        for spec in record.specs():
            if spec.kind == "generate":
                yield f"entries/{record.id}/{spec.name}.html", record.digest, (entry.pages / f"{spec.name}.html").read_bytes


def _eval_results(record: EntryRecord) -> bytes:
    return eval_results(record).encode("utf-8")


def _all(sections: list[Section]) -> str:
    return "".join(section.digest for section in sections)
