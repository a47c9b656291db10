"""Geometry of the retention curves: numbers that the template draws as SVG, apart from it so that they can be tested."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from musi.report_html import Point
from musi.retention import BINS, Estimate

WIDTH, HEIGHT = 480, 280
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 44
DODGE = 6  # px between the intervals of two series
MARKERS = (
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
    "M-4,-4h8v8h-8z",
    "M0,-5l5,5l-5,5l-5,-5z",
    "M0,-5l5,9h-10z",
    "M0,5l5,-9h-10z",
    "M-4,-4l8,8M-4,4l8,-8",
)
MAX_SERIES = len(MARKERS)
GEOMETRY = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM, "dodge": DODGE,
            "markers": MARKERS}  # fmt: skip

Curve = list[tuple[int, int, Estimate]]


@dataclass(frozen=True)
class Series:
    """One model's curve; `number` from 1 picks colour, marker and dash."""

    number: int
    name: str
    marker: str
    points: tuple[Point, ...]

    @property
    def line(self) -> str:
        return " ".join(f"{point.x},{point.y}" for point in self.points)


@dataclass(frozen=True)
class Chart:
    """Axes and curves."""

    series: tuple[Series, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


def bins_of(curves: Sequence[Curve]) -> list[tuple[int, int]]:
    """The distance bins that any of the curves has a value in, in order."""
    present = {(low, high) for curve in curves for low, high, estimate in curve if estimate.value is not None}
    return [each for each in itertools.pairwise(BINS) if each in present]


def draw(curves: Sequence[tuple[str, Curve]], bins: Sequence[tuple[int, int]]) -> Chart:
    """The chart of at most `MAX_SERIES` named curves over `bins`, which stand side by side at equal widths."""
    curves = curves[:MAX_SERIES]
    step = (WIDTH - LEFT - RIGHT) / max(1, len(bins))
    centre = {each: LEFT + step * (i + 0.5) for i, each in enumerate(bins)}
    series = []
    for i, (name, curve) in enumerate(curves):
        shift = (i - (len(curves) - 1) / 2) * DODGE
        points = tuple(_point(centre[low, high] + shift, low, high, each) for low, high, each in curve if each.value is not None)
        series.append(Series(i + 1, name, MARKERS[i], points))
    x_ticks = tuple((round(x, 1), f"{low}–{high}") for (low, high), x in centre.items())
    return Chart(tuple(series), x_ticks, tuple((_y(share), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)))


def _point(x: float, low: int, high: int, estimate: Estimate) -> Point:
    value, bottom, top = estimate.value or 0.0, estimate.low or 0.0, estimate.high or 0.0
    label = f"{low}–{high} words: {value:.1%} ({bottom:.1%} to {top:.1%}, {estimate.n} stages)"
    return Point(round(x, 1), _y(value), _y(bottom), _y(top), label)


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)
