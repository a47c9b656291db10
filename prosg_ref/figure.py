"""Line charts with intervals as SVG, written by hand: a study's figure is a few readable kilobytes in the repository that
change only where the numbers do, it needs no plotting library, and it follows the reader's light or dark theme."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 48, 52
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
ROW = 20  # px between two rows of `draw_rows`
LEGEND = 570  # its width in px
SIDE_BY_SIDE = {3: 20, 2: 36}  # names of a legend, by how many characters each may have for that
DODGE = 5  # px between the intervals of two lines
STYLE = (
    "<style>text{font:13px sans-serif;fill:#222}.a{stroke:#888}.g{stroke:#ddd}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.g{stroke:#444}}</style>"
)


@dataclass(frozen=True)
class Point:
    """A value at x, with the ends of its interval if it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    name: str
    points: tuple[Point, ...]


def draw(
    lines: Sequence[Line],
    title: str,
    x_label: str,
    y_label: str,
    x_names: Sequence[str] = (),
    log_x: bool = False,
) -> str:
    """An SVG file of at most 8 lines. With `x_names`, x is an index into them."""
    points = [point for line in lines for point in line.points]
    values = [value for p in points for value in (p.y, p.low, p.high) if value is not None]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low = min(low, 0.0)
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    xs = sorted({p.x for p in points}) or [0.0]
    if x_names:
        xs = [float(i) for i in range(len(x_names))]
    place = {x: math.log(x) if log_x else x for x in xs}
    first, span = place[xs[0]], (place[xs[-1]] - place[xs[0]]) or 1.0
    pad = 0.5 / len(xs) * (WIDTH - LEFT - RIGHT)

    def px(x: float) -> float:
        at = math.log(x) if log_x else x
        return LEFT + pad + (at - first) / span * (WIDTH - LEFT - RIGHT - 2 * pad)

    def py(y: float) -> float:
        return TOP + (high - y) / ((high - low) or 1.0) * (HEIGHT - TOP - BOTTOM)

    longest = max((len(line.name) for line in lines), default=0)
    columns = next((count for count, most in SIDE_BY_SIDE.items() if longest <= most), 1)
    below = 20 * math.ceil(len(lines) / columns)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + below}" role="img">']
    out += [f"<title>{escape(title)}</title>", STYLE, f'<text x="{LEFT}" y="22" font-weight="bold">{escape(title)}</text>']
    for tick in ticks:
        out.append(f'<path class="g" d="M{LEFT},{py(tick):.1f}H{WIDTH - RIGHT}"/>')
        out.append(f'<text x="{LEFT - 6}" y="{py(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    out.append(f'<path class="a" d="M{LEFT},{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    for i, x in enumerate(xs):
        name = x_names[i] if x_names else f"{x:g}"
        out.append(f'<text x="{px(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(name)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_label)}</text>')
    out.append(f'<text x="{LEFT}" y="40">{escape(y_label)}</text>')
    for i, line in enumerate(lines):
        shift = (i - (len(lines) - 1) / 2) * DODGE
        style = f'stroke="{COLOURS[i % len(COLOURS)]}"'
        at = [(px(p.x) + shift, py(p.y), p) for p in line.points]
        track = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in at)
        out.append(f'<polyline points="{track}" fill="none" stroke-width="2" {style}/>')
        for x, y, p in at:
            if p.low is not None and p.high is not None:
                out.append(f'<path d="M{x:.1f},{py(p.low):.1f}V{py(p.high):.1f}" stroke-width="1.2" {style}/>')
            out.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[i % len(COLOURS)]}">{_words(line.name, p)}</circle>'
            )
        column, row = i % columns, i // columns
        x, y = LEFT + column * (LEGEND // columns), HEIGHT + 6 + 20 * row
        out.append(f'<path d="M{x},{y - 4}h22" stroke-width="2" {style}/><text x="{x + 28}" y="{y}">{escape(line.name)}</text>')
    return "\n".join([*out, "</svg>\n"])


def draw_rows(rows: Sequence[tuple[str, Point]], title: str, label: str) -> str:
    """An SVG file with a row for every name and its value (`y` of the point) along it; for what has no order and long names."""
    values = [value for _, p in rows for value in (p.y, p.low, p.high) if value is not None]
    ticks = _ticks(min([0.0, *values]), max([0.0, *values]))
    left, bottom = 12 + 8 * max((len(name) for name, _ in rows), default=0), TOP + ROW * len(rows)

    def px(value: float) -> float:
        return left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (WIDTH - RIGHT - left)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 48}" role="img">']
    out += [f"<title>{escape(title)}</title>", STYLE, f'<text x="12" y="22" font-weight="bold">{escape(title)}</text>']
    for tick in ticks:
        out.append(f'<path class="{"g" if tick else "a"}" d="M{px(tick):.1f},{TOP - 8}V{bottom}"/>')
        out.append(f'<text x="{px(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
    out.append(f'<text x="{(left + WIDTH - RIGHT) / 2:.0f}" y="{bottom + 38}" text-anchor="middle">{escape(label)}</text>')
    for i, (name, p) in enumerate(rows):
        y = TOP + ROW * i + 4
        out.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        if p.low is not None and p.high is not None:
            out.append(f'<path d="M{px(p.low):.1f},{y}H{px(p.high):.1f}" stroke-width="1.2" stroke="{COLOURS[0]}"/>')
        out.append(f'<circle cx="{px(p.y):.1f}" cy="{y}" r="3.5" fill="{COLOURS[0]}">{_words(name, p)}</circle>')
    return "\n".join([*out, "</svg>\n"])


def _words(name: str, p: Point) -> str:
    interval = "" if p.low is None or p.high is None else f" ({p.low:.3g} to {p.high:.3g})"
    return f"<title>{escape(name)}: {p.y:.3g}{interval}</title>"


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers that hold low and high; two where these are one."""
    span = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(span / 4))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if span / (size * m) <= 6)
    first = math.floor(low / step + 1e-9)
    return [round(step * i, 12) for i in range(first, max(first + 1, math.ceil(high / step - 1e-9)) + 1)]
