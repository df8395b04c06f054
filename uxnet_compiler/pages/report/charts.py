"""Charts of a report: lines over steps, as places on a canvas.

The template draws them without a script; the script adds what the pointer is at. Colours and
dashes are those of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from uxnet_compiler.runs.events import Event

WIDTH, HEIGHT = 720.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 40.0
POINTS = 200  # of a line; more are averaged
LARGEST = 1e12  # of what is drawn

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
        id_: Unique among those of a subject.
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
    x_of = spread(first, last, LEFT, WIDTH - RIGHT)
    y_of = spread(low, high, HEIGHT - BOTTOM, TOP)
    if legend is None:
        legend = [(line.name, line.kind) for line in lines if line.in_legend]
    return Chart(
        id=id_,
        title=title,
        x_name=x_name,
        x_ticks=round_ticks(first, last, x_of, whole=True),
        y_ticks=round_ticks(low, high, y_of),
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


def spread(low: float, high: float, start: float, end: float) -> Scale:
    """Return where the values from `low` to `high` lie between `start` and `end`."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def round_ticks(low: float, high: float, place: Scale, *, whole: bool = False) -> tuple[Tick, ...]:
    """Return about five round values of an axis, and where they lie."""
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
