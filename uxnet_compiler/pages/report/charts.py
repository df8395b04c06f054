"""Charts of a report: lines over steps and strips of dots, as places on a canvas.

The template draws them without a script; the script adds what the pointer is at. Colours and
dashes are those of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib.ticker import MaxNLocator

from uxnet_compiler.runs.events import Event

WIDTH, HEIGHT = 720.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 40.0
POINTS = 200  # of a line; more are averaged
LARGEST = 1e12  # of what is drawn
ROW = 34.0  # of a strip
STRIP_LEFT = 150.0

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """A curve; `low` and `high` bound a band around it.

    Attributes:
        name: For the legend.
        x: Increasing.
        y: As many.
        low: As many, or none.
        high: As many, or none.
        kind: How it is drawn: a number from 1 to 6, or the name of a class of the style sheet.
        in_legend: Whether the legend has it.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    kind: str = "1"
    in_legend: bool = True


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is, and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Path:
    """A curve on the canvas, in the notation of SVG."""

    name: str
    kind: str
    line: str
    band: str
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Chart:
    """Lines over steps.

    Attributes:
        id: Unique on the page.
        title: What it shows.
        x_name: Of the horizontal axis.
        x_ticks: On it.
        y_ticks: On the vertical axis.
        paths: What is drawn.
        legend: Name and kind of each entry.
        rules: Horizontal lines with a name.
        data: For the script: the numbers, and how they lie on the canvas.
        table: Head and rows: the numbers once more, for those who cannot see the lines.
    """

    id: str
    title: str
    x_name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    paths: tuple[Path, ...]
    legend: tuple[tuple[str, str], ...]
    rules: tuple[Tick, ...]
    data: dict[str, Any]
    table: tuple[list[str], list[list[str]]]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


def line_chart(
    id_: str,
    title: str,
    lines: Sequence[Line],
    *,
    limits: tuple[float, float] | None = None,
    x_name: str = "step",
    legend: Sequence[tuple[str, str]] | None = None,
    rules: Sequence[tuple[float, str]] = (),
) -> Chart | None:
    """Place lines on a canvas; None when there is nothing to show.

    Args:
        id_: Unique on the page.
        title: What it shows.
        lines: Those without points are left out.
        limits: Of the vertical axis; as the lines need when not given.
        x_name: Of the horizontal axis.
        legend: Name and kind of each entry; the lines themselves when not given.
        rules: Horizontal lines: height and name.
    """
    lines = [line for line in lines if len(line.x)]
    if not lines:
        return None
    xs = [value for line in lines for value in line.x]
    ys = [value for line in lines for value in (*line.y, *line.low, *line.high)]
    first, last = min(xs), max(xs)
    if first == last:
        first, last = first - 1, last + 1
    low, high = limits or _roomy(min(ys), max(ys))
    x_of = _scale(first, last, LEFT, WIDTH - RIGHT)
    y_of = _scale(low, high, HEIGHT - BOTTOM, TOP)
    if legend is None:
        legend = [(line.name, line.kind) for line in lines if line.in_legend]
    return Chart(
        id=id_,
        title=title,
        x_name=x_name,
        x_ticks=_ticks(first, last, x_of, whole=True),
        y_ticks=_ticks(low, high, y_of),
        paths=tuple(_path(line, x_of, y_of) for line in lines),
        legend=tuple(legend),
        rules=tuple(Tick(round(y_of(at), 1), text) for at, text in rules),
        data={
            "x": [first, last, LEFT, WIDTH - RIGHT],
            "y": [low, high, HEIGHT - BOTTOM, TOP],
            "lines": [
                {
                    "name": line.name,
                    "x": [_short(value) for value in line.x],
                    "y": [_short(value) for value in line.y],
                }
                for line in lines
            ],
        },
        table=_table(lines, x_name),
    )


def _roomy(low: float, high: float) -> tuple[float, float]:
    room = 0.05 * (high - low) or 0.05 * abs(high) or 0.5
    return low - room, high + room


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _ticks(low: float, high: float, place: Scale, *, whole: bool = False) -> tuple[Tick, ...]:
    values = MaxNLocator(5, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    inside = [float(value) for value in values if low - 1e-9 <= value <= high + 1e-9]
    return tuple(Tick(round(place(value), 1), f"{value:.6g}") for value in inside)


def _path(line: Line, x_of: Scale, y_of: Scale) -> Path:
    middle = [(x_of(x), y_of(y)) for x, y in zip(line.x, line.y, strict=True)]
    band = ""
    if line.low:
        upper = [(x_of(x), y_of(y)) for x, y in zip(line.x, line.high, strict=True)]
        lower = [(x_of(x), y_of(y)) for x, y in zip(line.x, line.low, strict=True)]
        band = _polyline([*upper, *reversed(lower)]) + "Z"
    dots = tuple((round(x, 1), round(y, 1)) for x, y in middle) if len(middle) <= 12 else ()
    return Path(line.name, line.kind, _polyline(middle), band, dots)


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _short(value: float) -> float:
    return float(f"{value:.4g}") if not float(value).is_integer() else int(value)


def _table(lines: Sequence[Line], x_name: str) -> tuple[list[str], list[list[str]]]:
    """Return at most a dozen moments of each line."""
    shown = [line for line in lines if line.in_legend][:8]
    moments = sorted({x for line in shown for x in line.x})
    if len(moments) > 12:
        moments = [moments[round(i * (len(moments) - 1) / 11)] for i in range(12)]
    known = [dict(zip(line.x, line.y, strict=True)) for line in shown]
    rows = [
        [f"{moment:g}", *(f"{each[moment]:.4g}" if moment in each else "" for each in known)]
        for moment in moments
    ]
    return [x_name, *(line.name for line in shown)], rows


def series(diary: Sequence[Event], kind: str, name: str) -> tuple[list[float], list[float]]:
    """Return steps and values of what a diary tells, averaged to at most `POINTS`."""
    found = [
        (step, value)
        for event in diary
        if event["kind"] == kind
        and _is_number(value := event.get(name))
        and _is_number(step := event["step"])
    ]
    if not found:
        return [], []
    steps, values = np.array(found, dtype=float).T
    parts = min(POINTS, len(found))
    # The last step stands for each part, so that the axis ends where the run did.
    x = [float(part[-1]) for part in np.array_split(steps, parts)]
    return x, [float(part.mean()) for part in np.array_split(values, parts)]


def _is_number(value: object) -> bool:
    """Tell whether a value can be drawn: a diary may be damaged."""
    return isinstance(value, int | float) and abs(value) < LARGEST


@dataclass(frozen=True)
class Dot:
    """A value in a strip, and what it is."""

    value: float
    text: str
    at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class StripRow:
    """A row of dots; `mark` is where their mean is, or None."""

    name: str
    dots: tuple[Dot, ...]
    kind: str = "1"
    mark: float | None = None
    y: float = 0.0


@dataclass(frozen=True)
class Zone:
    """A part of the axis with a name."""

    start: float
    end: float
    name: str


@dataclass(frozen=True)
class Strip:
    """Rows of dots on one axis."""

    id: str
    title: str
    x_name: str
    ticks: tuple[Tick, ...]
    rows: tuple[StripRow, ...]
    zones: tuple[Zone, ...] = ()
    width: float = WIDTH
    left: float = STRIP_LEFT
    right: float = WIDTH - RIGHT
    bottom: float = field(default=0.0)


def strip(
    id_: str,
    title: str,
    x_name: str,
    rows: Sequence[StripRow],
    *,
    limits: tuple[float, float],
    scale: Literal["linear", "log"] = "linear",
    ticks: Sequence[float] = (),
    zones: Sequence[tuple[float, float, str]] = (),
) -> Strip:
    """Place rows of dots on a canvas; dots that would hide each other are set apart."""
    low, high = limits
    bend = math.log10 if scale == "log" else float
    straight = _scale(bend(low), bend(high), STRIP_LEFT, WIDTH - RIGHT)

    def x_of(value: float) -> float:
        return straight(bend(min(max(value, low), high)))

    top = 18.0 if zones else 4.0
    placed = []
    for at, row in enumerate(rows):
        y = top + ROW * (at + 0.5)
        mark = None if row.mark is None else round(x_of(row.mark), 1)
        placed.append(StripRow(row.name, _apart(row.dots, x_of, y), row.kind, mark, y))
    axis = (
        tuple(Tick(round(x_of(value), 1), f"{value:g}") for value in ticks)
        if ticks
        else _ticks(low, high, x_of)
    )
    return Strip(
        id=id_,
        title=title,
        x_name=x_name,
        ticks=axis,
        rows=tuple(placed),
        zones=tuple(Zone(round(x_of(a), 1), round(x_of(b), 1), name) for a, b, name in zones),
        bottom=top + ROW * len(rows),
    )


def _apart(dots: Sequence[Dot], x_of: Scale, y: float) -> tuple[Dot, ...]:
    """Move dots of nearly one value up and down by turns."""
    found: list[Dot] = []
    for dot in sorted(dots, key=lambda dot: (dot.value, dot.text)):
        x = x_of(dot.value)
        near = sum(abs(other.at[0] - x) < 5 for other in found)
        shift = (near + 1) // 2 * (1 if near % 2 else -1) * 5.0
        shift = max(-ROW / 2 + 3, min(ROW / 2 - 3, shift))
        found.append(Dot(dot.value, dot.text, (round(x, 1), round(y + shift, 1))))
    return tuple(found)
