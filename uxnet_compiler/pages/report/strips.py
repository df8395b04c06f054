"""Strips of a report: rows of dots on one axis, as places on a canvas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.pages.report.charts import RIGHT, WIDTH, Scale, Tick, round_ticks, spread

ROW = 34.0
LEFT = 150.0


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
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = 0.0


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
    straight = spread(bend(low), bend(high), LEFT, WIDTH - RIGHT)

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
        else round_ticks(low, high, x_of)
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
