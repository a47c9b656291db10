"""The page of a study: a table, figures, the command that made them, and the numbers as JSON.

`values` of a row are its scores as `study` keeps them: `stages` (see `gains`), `curve`, `intervals`, and one value for each of
`COLUMNS`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checkpoint import write_atomically
from .figure import Line, Point, draw, draw_rows
from .gains import FAR, NEAR, bins_of_distance, loss_against, loss_growth, retention_against, retention_growth

if TYPE_CHECKING:
    from .study import Scoring, Study

RESULTS = Path("docs/results")
NOTE_COLUMNS = {"answer_ppl": "answer perplexity", "token_acc": "token accuracy"}
COLUMNS = NOTE_COLUMNS | {
    "forced_retention": "forced retention",
    "retention": "retention",
    "single_acc": "right alone",
    "half_life": "half-life, words",
}


def write_page(name: str, study: "Study", command: str, rows: Sequence[tuple["Scoring", dict[str, Any]]]) -> Path:
    """The page with table, figure and command, and the numbers as JSON."""
    columns = NOTE_COLUMNS if study.notes else COLUMNS
    head = ["variant", "loss", *columns.values()]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row, values in rows:
        other, theirs = _other(row, rows)
        values["against"] = found = loss_against(values, theirs)
        beside = "" if other == row.name else _difference(found) + (f" against {other}" if row.against else "")
        lines.append("| " + " | ".join([row.name, beside, *(cell(values, column) for column in columns)]) + " |")
    figure = RESULTS / f"{name}.svg"
    write_atomically(figure, _figure(study, rows).encode())
    scored = sorted({study.split if row.data is None else f"`{row.data}`" for row, _ in rows})
    told = f", of these the {len(rows[0][1]['stages'])} stages of {', '.join(study.notes)}, each with its own note"
    more = told if study.notes else ""
    page = [
        f"# {study.title}",
        study.question,
        f"{study.items} items of {' and '.join(scored)}{more}; 95 % intervals over items. Loss: nats per answer token against "
        f"the {_against_what(rows)} of the same items, paired by item. Made by:",
        f"```sh\n{command}\n```",
        "\n".join(lines),
        f"![{study.title}]({figure.name})",
    ]
    if study.figure.kind == "distance":
        by_distance = RESULTS / f"{name}-loss.svg"
        page += [*_by_distance(rows), f"![Loss by distance]({by_distance.name})"]
        write_atomically(by_distance, _figure_by_distance(rows).encode())
    write_atomically(RESULTS / f"{name}.md", ("\n\n".join(page) + "\n").encode())
    data = [
        {"name": row.name, "model": row.model, "control": row.control, "lang": row.lang}
        | {name: value for name, value in values.items() if name != "stages"}
        for row, values in rows
    ]
    write_atomically(RESULTS / f"{name}.json", (json.dumps({"command": command, "rows": data}, indent=1) + "\n").encode())
    return RESULTS / f"{name}.md"


def _other(row: "Scoring", rows: Sequence[tuple["Scoring", dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """The row that one is held against, its name and values: the one it names, or the first of the same items."""
    same = ((each.name, values) for each, values in rows if (each.lang, each.data) == (row.lang, row.data))
    return next(found for found in same if row.against in (None, found[0]))


def _against_what(rows: Sequence[tuple["Scoring", dict[str, Any]]]) -> str:
    """What every row is held against, in words."""
    return "row it names or the first" if any(row.against for row, _ in rows) else "first row"


def _difference(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return ""
    return f"{found['value']:+.3f}" + ("" if found["low"] is None else f" ({found['low']:+.3f} to {found['high']:+.3f})")


def _by_distance(rows: Sequence[tuple["Scoring", dict[str, Any]]]) -> list[str]:
    """Tables of every row's loss and retention against the row it names, or the first, by the words of answer before a stage."""
    first = rows[0][1]
    bins, names = bins_of_distance()
    far = f"{FAR[0]} and more, less {NEAR[0]}–{NEAR[1]}"
    head = ["| words before the stage | " + " | ".join([*names, far]) + " |", "|" + "---|" * (2 + len(bins))]
    inside = [[stage for item in first["stages"] for stage in item if low <= stage[0] < high] for low, high in bins]
    losses = [*head, "| answer tokens | " + " | ".join([*(f"{sum(stage[2] for stage in each):,}" for each in inside), ""]) + " |"]
    kept = [*head, "| stages | " + " | ".join([*(f"{len(each):,}" for each in inside), ""]) + " |"]
    for row, values in rows[1:]:
        other, theirs = _other(row, rows)
        name = f"{row.name} against {other}" if row.against else row.name
        for lines, measure, against, growth in (
            (losses, "loss", loss_against, loss_growth),
            (kept, "retention", retention_against, retention_growth),
        ):
            values[f"{measure}_by_distance"] = found = [against(values, theirs, low, high) for low, high in bins]
            values[f"{measure}_far_less_near"] = growth(values, theirs)
            lines.append("| " + " | ".join([name, *map(_difference, [*found, values[f"{measure}_far_less_near"]])]) + " |")
    return [
        f"Loss against the {_against_what(rows)} by distance, nats per answer token:",
        "\n".join(losses),
        f"Retention against the {_against_what(rows)} by distance:",
        "\n".join(kept),
    ]


def _figure_by_distance(rows: Sequence[tuple["Scoring", dict[str, Any]]]) -> str:
    lines: list[Line] = []
    for row, values in (each for each in rows[1:] if each[0].against is None):
        there = [(i, found) for i, found in enumerate(values["loss_by_distance"]) if found["value"] is not None]
        lines.append(Line(row.name, tuple(Point(i, found["value"], found["low"], found["high"]) for i, found in there)))
    title = f"Loss against the {rows[0][0].name}, by distance: below 0 is better"
    filled = 1 + max((int(point.x) for line in lines for point in line.points), default=0)
    return draw(lines, title, "words between prompt and stage", "nats per answer token", bins_of_distance()[1][:filled])


def cell(values: dict[str, Any], column: str) -> str:
    """One of `COLUMNS` of a variant's scores, with its interval, as it stands in a table."""
    value, interval = values[column], values["intervals"].get(column)
    if value is None:
        return "no decay seen" if column == "half_life" and values["retention"] else "undefined"
    text = f"{value:.0f}" if column == "half_life" else f"{value:.3f}"
    if interval is None or interval[0] is None:
        return text
    high = "∞" if interval[1] is None else f"{interval[1]:.0f}" if column == "half_life" else f"{interval[1]:.3f}"
    low = f"{interval[0]:.0f}" if column == "half_life" else f"{interval[0]:.3f}"
    return f"{text} ({low} to {high})"


def _figure(study: "Study", rows: Sequence[tuple["Scoring", dict[str, Any]]]) -> str:
    drawn = [(row, values) for row, values in rows if row.line is not None]
    if study.figure.kind == "distance":
        bins = sorted({(b["from"], b["to"]) for _, values in drawn for b in values["curve"]})
        lines = []
        for row, values in drawn:
            there = [b for b in values["curve"] if b["value"] is not None]
            points = tuple(Point(bins.index((b["from"], b["to"])), b["value"], b["low"], b["high"]) for b in there)
            lines.append(Line(row.line or row.name, points))
        names = [f"{low}–{high}" for low, high in bins]
        return draw(lines, study.title, "words between prompt and stage", "retention", names)
    if all(row.x is None for row, _ in drawn):
        found = [(row.name, values["against"]) for row, values in drawn]
        losses = [(name, Point(0, loss["value"], loss["low"], loss["high"])) for name, loss in found]
        return draw_rows(losses, study.title, f"nats per answer token against {rows[0][0].name}: below 0 is better")
    grouped: dict[str, list[Point]] = {}
    for row, values in drawn:
        loss = values["against"]
        if loss["value"] is not None and row.x is not None:
            grouped.setdefault(row.line or row.name, []).append(Point(row.x, loss["value"], loss["low"], loss["high"]))
    lines = [Line(line, tuple(points)) for line, points in grouped.items()]
    words, label = study.figure.x_names, study.figure.x_label
    y_label = "loss against the backbone, nats per answer token: below 0 is better"
    return draw(lines, study.title, label, y_label, words, study.figure.log_x)
