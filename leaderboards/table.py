"""A task's page as data: its rows, and the views of them that template and script show alike."""

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from leaderboards.chart import GEOMETRY, MAX_SERIES, Chart, bins_of, draw
from leaderboards.pages import Cell, half_life_cell, number_cell, percent, share_cell, size_cell, tags
from leaderboards.record import MEMORIES, EntryRecord, TaskRecord
from leaderboards.specs import TaskSpec
from leaderboards.untrusted import visible

PAGE_ROWS = 100  # rows that stand in the page itself; a script shows the others
SIZES = ((200e6, "under 200 M"), (1e9, "200 M to 1 G"), (4e9, "1 G to 4 G"), (15e9, "4 G to 15 G"), (float("inf"), "over 15 G"))


@dataclass(frozen=True)
class Row:
    """One entry in a task; `rank` is None where retention cannot be judged."""

    record: EntryRecord
    rank: int | None
    tier: str
    state: str
    signals: int

    def task(self, spec: TaskSpec) -> TaskRecord:
        return self.record.tasks[spec.name]

    @property
    def role(self) -> str:
        return self.record.submission.role

    @property
    def filters(self) -> dict[str, str]:
        """What the table can be narrowed down by."""
        card = self.record.submission
        size = "not known" if card.parameters is None else next(label for end, label in SIZES if card.parameters < end)
        return {"size": size, "architecture": card.architecture, "tier": self.tier, "trained_on": card.trained_on}


class Column(NamedTuple):
    """A head, whether it holds numbers, whether small ones come first, and how a row fills it."""

    head: str
    numeric: bool
    ascending: bool
    cell: Callable[[Row], Cell]


@dataclass(frozen=True)
class View:
    """One table: `columns` beside the model's name."""

    key: str
    title: str
    note: str
    columns: tuple[Column, ...]

    def cells(self, row: Row) -> list[Cell]:
        return [column.cell(row) for column in self.columns]


@dataclass(frozen=True)
class Section:
    """One task's page."""

    spec: TaskSpec
    file: str
    rows: tuple[Row, ...]
    views: tuple[View, ...]
    bins: tuple[tuple[int, int], ...]
    chart: Chart | None

    @functools.cached_property
    def data(self) -> str:
        """All rows as JSON for the script, safe inside a `<script>` element."""
        rows = [
            {
                "id": row.record.id,
                "name": visible(row.record.name),
                "tags": tags(row),
                "filters": row.filters,
                "views": {view.key: view.cells(row) for view in self.views},
                "curve": [
                    [
                        self.bins.index((low, high)),
                        *(round(x, 4) for x in (each.value, each.low, each.high) if x is not None),
                        each.n,
                    ]
                    for low, high, each in row.task(self.spec).curve
                    if each.value is not None
                ],
            }
            for row in self.rows
        ]
        value = {"rows": rows, "bins": [f"{low}–{high}" for low, high in self.bins], "chart": GEOMETRY}
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")

    @functools.cached_property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.spec}{self.data}".encode()).hexdigest()

    @property
    def choices(self) -> dict[str, list[str]]:
        """The values of every filter that are there."""
        order = {label: place for place, (_, label) in enumerate(SIZES)}
        found: dict[str, set[str]] = {}
        for row in self.rows:
            for name, value in row.filters.items():
                found.setdefault(name, set()).add(value)
        return {name: sorted(values, key=lambda value: (order.get(value, len(order)), value)) for name, values in found.items()}


def section_of(spec: TaskSpec, rows: list[Row]) -> Section:
    """The page of a task, from its rows in order of rank."""
    ranked = [row for row in rows if row.rank is not None]
    drawn = (ranked or rows)[:MAX_SERIES] if spec.kind == "generate" else rows[:MAX_SERIES]
    bins = tuple(bins_of([row.task(spec).curve for row in rows]))
    chart = draw([(visible(row.record.name), row.task(spec).curve) for row in drawn], bins) if bins else None
    return Section(spec, f"{spec.name}.html", tuple(rows), _views(spec, rows, bins), bins, chart)


def languages(sections: Sequence[Section]) -> tuple[list[str], list[tuple[EntryRecord, list[Cell]]]]:
    """The languages of the board, and each entry's retention in them: on its fullest generate task of test_iid in each."""
    chosen: dict[str, tuple[EntryRecord, dict[str, Cell]]] = {}
    for section in sections:
        if section.spec.kind == "generate" and section.spec.split == "test_iid":
            for row in section.rows:
                _, cells = chosen.setdefault(row.record.id, (row.record, {}))
                cells.setdefault(section.spec.lang, share_cell(row.task(section.spec).estimates["retention"], count=True))
    names = sorted({lang for _, cells in chosen.values() for lang in cells}, key=lambda lang: (lang != "en", lang))
    rows = [(record, [cells.get(lang, Cell("–")) for lang in names]) for record, cells in chosen.values()]
    return names, rows


def _views(spec: TaskSpec, rows: list[Row], bins: tuple[tuple[int, int], ...]) -> tuple[View, ...]:
    overview = _generated(spec) if spec.kind == "generate" else _forced(spec)
    overview += (
        Column("Parameters", True, True, lambda row: size_cell(row.record.submission.parameters)),
        Column("Architecture", False, True, lambda row: _word(row.record.submission.architecture)),
        Column("Tier", False, True, lambda row: _word(row.tier)),
        Column("Trained on", False, True, lambda row: _word(row.record.submission.trained_on)),
        Column("Decision", False, True, lambda row: _word(row.state)),
    )
    distance = tuple(Column(f"{low}–{high} words", True, False, _in_bin(spec, low, high)) for low, high in bins)
    memory = tuple(Column(kind.capitalize(), True, False, _of_memory(spec, kind)) for kind in MEMORIES)
    names = sorted({name for row in rows for name in row.task(spec).families})
    families = tuple(Column(name.replace("_", " "), True, False, _of_family(spec, name)) for name in names)
    return (
        View("overview", "Ranking", "", overview),
        View("distance", "Retention over distance", "", distance),
        View("memory", "Retention by kind of memory", "What had to be remembered.", memory),
        View("family", "Retention by kind of task", "Right in the chain, of those right alone.", families),
    )


def _word(text: str) -> Cell:
    return Cell(text, "", text)


def _generated(spec: TaskSpec) -> tuple[Column, ...]:
    def rank(row: Row) -> Cell:
        return Cell("–") if row.rank is None else Cell(str(row.rank), "", row.rank)

    def retention(row: Row) -> Cell:
        estimate = row.task(spec).estimates["retention"]
        if row.rank is None and row.role == "model":
            return Cell("not judged", "too little right alone")
        return share_cell(estimate)

    def half_life(row: Row) -> Cell:
        return half_life_cell(row.task(spec).half_life) if row.rank is not None else Cell("–")

    def metric(name: str) -> Callable[[Row], Cell]:
        def cell(row: Row) -> Cell:
            value = row.task(spec).estimates[name].value
            return Cell(percent(value), "", value if value is None else round(value, 5))

        return cell

    return (
        Column("Rank", True, True, rank),
        Column("Retention", True, False, retention),
        Column("In the chain", True, False, metric("stage_acc")),
        Column("Alone", True, False, metric("single_acc")),
        Column("Whole items", True, False, metric("item_acc")),
        Column("Half-life, words", True, False, half_life),
    )


def _forced(spec: TaskSpec) -> tuple[Column, ...]:
    def share(name: str) -> Callable[[Row], Cell]:
        return lambda row: share_cell(row.task(spec).estimates[name])

    def number(name: str) -> Callable[[Row], Cell]:
        return lambda row: number_cell(row.task(spec).estimates[name])

    return (
        Column("Forced retention", True, False, share("forced_retention")),
        Column("In the chain", True, False, share("forced_stage_acc")),
        Column("Alone", True, False, share("forced_single_acc")),
        Column("Bits per byte", True, True, number("bits_per_byte")),
        Column("Forgetting gap", True, True, number("forgetting_gap")),
    )


def _in_bin(spec: TaskSpec, low: int, high: int) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        found = (each for start, end, each in row.task(spec).curve if (start, end) == (low, high))
        return share_cell(next(found, None), count=True)

    return cell


def _of_memory(spec: TaskSpec, kind: str) -> Callable[[Row], Cell]:
    return lambda row: share_cell(row.task(spec).memory[kind], count=True)


def _of_family(spec: TaskSpec, name: str) -> Callable[[Row], Cell]:
    def cell(row: Row) -> Cell:
        tally = row.task(spec).families.get(name)
        if tally is None or not tally.alone:
            return Cell("–", f"0 of {tally.stages} alone" if tally else "")
        return Cell(percent(tally.both / tally.alone), f"{tally.both} of {tally.alone}", round(tally.both / tally.alone, 5))

    return cell
