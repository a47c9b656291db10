"""Accepted entries → one static page: every entry is scored again from its samples, then rendered; same input, same bytes."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leaderboards.chart import MAX_SERIES, Chart, Curve, bins_of, draw
from leaderboards.check import Checked, TaskResult, check
from leaderboards.decisions import Decision, read_decisions
from leaderboards.ranking import resampled_retention, tied_ranks
from leaderboards.specs import TASKS, TaskSpec
from leaderboards.submission import slug
from leaderboards.transcripts import Transcript, chosen_transcripts
from leaderboards.untrusted import visible
from musi.errors import MusiError
from musi.retention import Estimate, HalfLife, Outcomes, curve, half_life, retention
from musi.schema import Memory, canonical_json

SITE = Path(__file__).parent / "site"
MIN_SINGLE_ACC = 0.2  # below it, too few stages pass alone for retention to say anything
MEMORIES: tuple[str, ...] = get_args(Memory)


@dataclass(frozen=True)
class Entry:
    """A checked entry with the last decision about it, if there is one."""

    checked: Checked
    decision: Decision | None

    @property
    def id(self) -> str:
        return self.checked.folder.name

    @property
    def name(self) -> str:
        return self.checked.submission.name


@dataclass(frozen=True)
class Row:
    """One line of a task's table; `rank` is None where retention cannot be judged."""

    entry: Entry
    result: TaskResult
    rank: int | None
    curve: Curve
    half_life: HalfLife | None
    memories: dict[str, Estimate]
    transcripts: tuple[Transcript, ...]

    @property
    def metrics(self) -> dict[str, Estimate]:
        return self.result.estimates

    @property
    def retention(self) -> Estimate:
        return self.metrics["retention" if self.result.spec.kind == "generate" else "forced_retention"]


@dataclass(frozen=True)
class Section:
    """One task: its entries in order of rank, and their curves where answers were generated."""

    spec: TaskSpec
    rows: tuple[Row, ...]
    chart: Chart | None
    bins: tuple[tuple[int, int], ...]


def build(entries: Path, out: Path, decisions: Path | None = None) -> Path:
    """Score every entry of the folder `entries` again and write `out/index.html`; returns its path.

    `decisions` is the log, by default the `decisions.jsonl` beside the folder `entries`. Entries whose last decision is `removed`
    are left out; those without any are shown as undecided.
    Raises MusiError when an entry fails its check, was changed after its decision, or the page cannot be written.
    """
    log = read_decisions(decisions or entries.absolute().parent / "decisions.jsonl")
    shown = _entries(entries, log)
    sections = [section for spec in TASKS.values() if (section := _section(spec, shown)).rows]
    page = render(shown, sections, log).encode("utf-8")
    target = out / "index.html"
    partial = out / ".index.partial"
    try:
        out.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(page)
        partial.replace(target)
    except OSError as error:
        raise MusiError(f"{target}: {error.strerror}; choose another folder with --out") from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def _entries(folder: Path, log: list[Decision]) -> list[Entry]:
    if not folder.is_dir():
        raise MusiError(f"{folder}: no such folder; give the one that holds the submissions")
    last = {decision.entry: decision for decision in log}
    shown = []
    for path in sorted(folder.iterdir()):
        decision = last.get(path.name)
        if path.name.startswith(".") or not path.is_dir() or (decision and decision.decision == "removed"):
            continue
        checked = check(path)
        if path.name != (wanted := slug(checked.submission.name)):
            raise MusiError(f"{path}: is the entry {checked.submission.name!r}; name its folder {wanted}")
        if decision and decision.digest != checked.digest:
            raise MusiError(f"{path}: was changed after it was {decision.decision}; restore it or accept it again")
        shown.append(Entry(checked, decision))
    return shown


def _section(spec: TaskSpec, entries: list[Entry]) -> Section:
    rows = [_row(entry, entry.checked.tasks[spec.name]) for entry in entries if spec.name in entry.checked.tasks]
    rows.sort(key=lambda row: (not _judged(row), -(row.retention.value or 0.0), row.entry.name))
    if spec.kind == "forced":
        return Section(spec, tuple(rows), None, ())
    judged = [row for row in rows if _judged(row)]
    ranks = tied_ranks([resampled_retention(row.result.values) for row in judged])
    ranked = [Row(**{**vars(row), "rank": rank}) for row, rank in zip(judged, ranks, strict=True)] + rows[len(judged) :]
    curves = [(row.entry.name, row.curve) for row in judged[:MAX_SERIES]]
    return Section(spec, tuple(ranked), draw(curves) if curves else None, tuple(bins_of([each for _, each in curves])))


def _judged(row: Row) -> bool:
    if row.result.spec.kind == "forced":
        return False
    return (row.metrics["single_acc"].value or 0.0) >= MIN_SINGLE_ACC


def _row(entry: Entry, result: TaskResult) -> Row:
    if result.spec.kind == "forced":
        return Row(entry, result, None, [], None, {}, ())
    outcomes = Outcomes.of(
        [
            [(float(stage.distance), multi, single) for stage, (multi, single) in zip(s.item.stages, v["retention"], strict=True)]
            for s, v in zip(result.samples, result.values, strict=True)
        ]
    )
    kinds = [stage.memory for sample in result.samples for stage in sample.item.stages]
    memories = {kind: retention(outcomes.where(np.array([kind in each for each in kinds]))) for kind in MEMORIES}
    transcripts = chosen_transcripts(result.samples)
    return Row(entry, result, None, curve(outcomes), half_life(outcomes), memories, transcripts)


def render(entries: list[Entry], sections: list[Section], log: list[Decision]) -> str:
    """The page as text. All values are escaped; style and script are ours and stand in it by their digest."""
    environment = Environment(
        loader=FileSystemLoader(SITE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "interval": interval, "visible": visible, "json": canonical_json, "size": size}
    style, script = ((SITE / name).read_text("utf-8") for name in ("board.css", "sort.js"))
    return environment.get_template("index.html").render(
        entries=entries,
        sections=sections,
        decisions=log,
        memories=MEMORIES,
        style=Markup(style),
        style_digest=_source_digest(style),
        script=Markup(script),
        script_digest=_source_digest(script),
        min_single_acc=MIN_SINGLE_ACC,
        half_life_text=half_life_text,
        bin_estimate=bin_estimate,
    )


def _source_digest(text: str) -> str:
    """As a content security policy writes it."""
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def percent(value: float | None) -> str:
    """A share as `12.3 %`, or a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(estimate: Estimate) -> str:
    """The 95 % interval of a share as `10.1 to 14.2`, empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def size(value: int | None) -> str:
    """A count as `430.0 M`, or a dash where it is not known."""
    if value is None:
        return "–"
    for unit, factor in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return str(value)


def half_life_text(fit: HalfLife | None) -> tuple[str, str]:
    """(half-life in words, its 95 % interval) for a table cell; `> max` where no decay is seen."""
    if fit is None or fit.r0 is None:
        return "–", ""
    beyond = f"> {fit.max_distance:.0f}"
    low, high = (beyond if end is None else f"{end:.0f}" for end in (fit.low, fit.high))
    return (beyond if fit.words is None else f"{fit.words:.0f}"), f"{low} to {high}"


def bin_estimate(row: Row, low: int, high: int) -> Estimate | None:
    """The estimate of a row's curve in a bin, if it has one."""
    return next((each for start, end, each in row.curve if (start, end) == (low, high)), None)
