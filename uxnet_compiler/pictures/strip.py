"""The strip below a frame of a film: which step it shows, and how loss and Dice got there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from uxnet_compiler.pictures.figure import Figure, Panel, Words
from uxnet_compiler.pictures.film import Film, Frame
from uxnet_compiler.pictures.shapes import Rect
from uxnet_compiler.pictures.themes import Theme
from uxnet_compiler.pictures.typography import text_width

HEIGHT, CHART = 5.2, 2.2  # in sizes of the text
MARGIN = 12.0


@dataclass(frozen=True)
class Curve:
    """A number over the frames of a film, as parts of the height of a chart."""

    name: str
    values: tuple[float | None, ...]
    top: float

    @classmethod
    def of(cls, name: str, values: Sequence[float | None], top: float | None = None) -> Curve:
        """Scale by `top`, or by the largest value."""
        seen = [value for value in values if value is not None]
        return cls(name, tuple(values), top or max(seen, default=1.0) or 1.0)


def with_strip(figure: Figure, film: Film, index: int, theme: Theme) -> Figure:
    """Return the figure of a frame with the strip below it."""
    frame, size = film.frames[index], theme.metrics.subtitle_text
    whole = _taller(figure.frame, HEIGHT * size, theme.metrics.page)
    left, right, bottom = figure.frame.left + MARGIN, figure.frame.right - MARGIN, whole.bottom
    words = [Words(_headline(film, frame), left, bottom + 4.2 * size, size, theme.ink)]
    panels: list[Panel] = []
    curves = [
        Curve.of("loss", [each.loss for each in film.frames]),
        Curve.of("Dice", [each.dice for each in film.frames], 1.0),
    ]
    width = (right - left - 2 * size) / 2
    for place, curve in enumerate(curves):
        start = left + place * (width + 2 * size)
        value = curve.values[index]
        text = curve.name if value is None else f"{curve.name} {value:.3f}"
        words.append(Words(text, start, bottom + 2 * size, size, theme.ink))
        begin = start + text_width(f"{curve.name} 0.000", size) + size
        room = Rect(
            (begin + start + width) / 2, bottom + 2 * size, start + width - begin, CHART * size
        )
        panels += _chart(curve, index, room, theme)
    return replace(
        figure,
        frame=whole,
        panels=(*figure.panels, *panels),
        words=(*figure.words, *words),
    )


def _taller(frame: Rect, by: float, ratio: float | None) -> Rect:
    """Make room below; a page that has a form keeps it."""
    height = frame.height + by
    width = frame.width if ratio is None else max(frame.width, ratio * height)
    return Rect(frame.x, frame.y - by / 2, width, height)


def _headline(film: Film, frame: Frame) -> str:
    kept = sum(gate >= film.tau for gate in frame.gates.values())
    edges = f"{kept} of {len(frame.gates)} gates reach {film.tau:g}"
    if frame.decided:
        return f"decided after step {frame.step}     {edges}"
    return f"step {frame.step} of {film.frames[-1].step}     {edges}"


def _chart(curve: Curve, index: int, room: Rect, theme: Theme) -> Iterator[Panel]:
    """Draw a column for each frame so far on a base line for all of them."""
    pitch = room.width / len(curve.values)
    base = Rect(room.x, room.bottom - 0.5, room.width, 1.0)
    name = f"_{curve.name.lower()}"
    yield Panel(name, base, fill=theme.bars[0], group="chart")
    for at, value in enumerate(curve.values[: index + 1]):
        if value is None:
            continue
        height = max(0.5, min(max(value / curve.top, 0.0), 1.0) * room.height)
        column = Rect(room.left + (at + 0.5) * pitch, room.bottom + height / 2, 0.8 * pitch, height)
        fill = theme.bars[at == index]
        yield Panel(f"{name}{at}", column, fill=fill, group="chart", part_of=name)
