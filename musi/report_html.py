"""A report as one HTML file: tables and inline SVG, nothing fetched, no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from musi import __version__
from musi.errors import MusiError
from musi.generate import RELEASE
from musi.report import first_line, headline
from musi.report_print import MEASURES, distance, effective, half_life, interval, value
from musi.score import SCORER_VERSION

WIDTH, HEIGHT = 520, 260
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 46
DODGE = 7  # px between the intervals of two models
COLOURS = ("#0b5fa5", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0f766e", "#be123c", "#4b5563")
MARKERS = ("circle", "square", "diamond", "triangle")
CHARTS = ("stage", "chain length", "kind of memory")


@dataclass(frozen=True)
class Point:
    """An estimate in px, and the words that say it."""

    x: float
    y: float
    low: float
    high: float
    label: str


@dataclass(frozen=True)
class Series:
    """One model's points; on an ordered axis they are joined."""

    name: str
    colour: str
    marker: str
    points: tuple[Point, ...]
    line: str


@dataclass(frozen=True)
class Chart:
    """Retention over categories, for several models."""

    title: str
    axis: str
    series: tuple[Series, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def draw(title: str, axis: str, rows: Sequence[tuple[str, Sequence[dict[str, Any]]]], joined: bool) -> Chart:
    """A chart of named estimates; `rows` gives each model's, whose categories stand side by side at equal widths."""
    drawn = {row["name"] for _, each in rows for row in each if row["value"] is not None}
    names = [name for name in dict.fromkeys(row["name"] for _, each in rows for row in each) if name in drawn]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    centre = {name: LEFT + step * (i + 0.5) for i, name in enumerate(names)}
    series = []
    for i, (model, each) in enumerate(rows):
        shift = (i - (len(rows) - 1) / 2) * min(DODGE, step / (len(rows) + 1))
        points = tuple(_point(centre[row["name"]] + shift, row) for row in each if row["value"] is not None)
        line = " ".join(f"{point.x},{point.y}" for point in points) if joined else ""
        series.append(Series(model, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], points, line))
    x_ticks = tuple((round(x, 1), name) for name, x in centre.items())
    return Chart(title, axis, tuple(series), x_ticks, tuple((_y(share), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)))


def _point(x: float, row: dict[str, Any]) -> Point:
    low, high = (row["value"] if row[end] is None else row[end] for end in ("low", "high"))
    label = f"{row['name']}: {row['value']:.1%} ({low:.1%} to {high:.1%}, {row['n']} stages right alone)"
    return Point(round(x, 1), _y(row["value"]), _y(low), _y(high), label)


def _y(share: float) -> float:
    return round(TOP + (1 - min(share, 1.0)) * (HEIGHT - TOP - BOTTOM), 1)


def render(data: dict[str, Any]) -> str:
    """The page as text; whatever comes from outside is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"value": value, "interval": interval, "half_life": half_life, "effective": effective}
    tasks = list(dict.fromkeys(task for model in data["models"] for task in model["tasks"]))
    sections = [(task, _section(data, task)) for task in tasks]
    return environment.get_template("report.html").render(
        sections=sections,
        geometry={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "bottom": HEIGHT - BOTTOM},
        measures=MEASURES,
        versions=f"musi {__version__}, dataset release {RELEASE}, scorer {SCORER_VERSION}",
    )


def _section(data: dict[str, Any], task: str) -> dict[str, Any]:
    models = [(model["name"], model["tasks"][task]) for model in data["models"] if task in model["tasks"]]
    curves = [(name, [{"name": distance(row), **row} for row in found["curve"]]) for name, found in models]
    charts = [draw("Retention over distance", "words of answer between the prompt and the stage", curves, joined=True)]
    for label in CHARTS:
        rows = [(name, found["by"][label]) for name, found in models]
        if any(len(each) > 1 for _, each in rows):
            charts.append(draw(f"Retention by {label}", label, rows, joined=label != "kind of memory"))
    return {
        "models": [
            {"name": name, "line": first_line(name, found), "headline": headline(found)[0], "data": found, "curve": curve}
            for (name, found), (_, curve) in zip(models, curves, strict=True)
        ],
        "charts": charts,
        "pairs": data["pairs"].get(task, []),
    }


def write(data: dict[str, Any], path: Path) -> None:
    """Write the page; raises MusiError when the file cannot be written."""
    try:
        path.write_text(render(data), "utf-8")
    except OSError as error:
        raise MusiError(f"{path}: {error.strerror}; give another file with --html") from None
