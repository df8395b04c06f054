"""How large boxes are, and what lies where inside of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from uxnet_compiler.pictures.metrics import Metrics
from uxnet_compiler.pictures.scene_parts import Bar, Box
from uxnet_compiler.pictures.shapes import Rect
from uxnet_compiler.pictures.typography import LINE, text_width

MARGIN, PADDING = 8.0, 4.5
BAR_LENGTH, BAR_LINE = 5.0, 1.35  # in sizes of the text beside a bar
MINOR = 0.85  # size of a minor bar, in those of the others
CALM = 3  # lines up to which all boxes are equally high


@dataclass(frozen=True)
class Inside:
    """Places in a box: what it was, what it is, and each bar at its full length."""

    was: Rect | None
    text: Rect
    bars: tuple[Rect, ...]


def box_sizes(
    boxes: Sequence[Box], metrics: Metrics, *, dense: bool
) -> dict[str, tuple[float, float]]:
    """Return width and height of each box.

    Boxes of one kind are equally large, so that the picture is calm; a `dense` one lets each be
    as narrow as it can.
    """
    # A node that only passes on is as large as the others where it has more to say.
    ops = [box for box in boxes if box.shape == "op" or (box.shape == "pass" and box.was)]
    widest = max((_width(box, metrics) for box in ops), default=0.0)
    most = max((len(box.lines) for box in ops), default=1)
    ends = [line for box in boxes if box.shape == "end" for line in box.lines]
    widest_end = max((text_width(line, metrics.end_text) for line in ends), default=0.0)
    high = metrics.node_text * LINE

    def size(box: Box) -> tuple[float, float]:
        if box.shape == "end":
            return widest_end + 14, 2 * metrics.end_text * LINE + 6
        if box.shape == "pass" and not (box.bars or box.was):
            side = metrics.node_text * (1.8 if box.lines else 0.9)
            return side, side
        rows = max(2, most if most <= CALM else len(box.lines))
        if box.bars or box.was:
            rows = max(1, len(box.lines))
        height = rows * high + 2 * PADDING
        height += sum(_pitch(bar, metrics) for bar in box.bars) + 1.5 * PADDING * bool(box.bars)
        if box.was:
            height += len(box.was) * high + 2 * PADDING
        return (_width(box, metrics) if dense else widest), height

    return {box.id: size(box) for box in boxes}


def _width(box: Box, metrics: Metrics) -> float:
    texts = [text_width(line, metrics.node_text) for line in (*box.lines, *box.was)]
    bars = [
        text_width(bar.name, bar_text(bar, metrics)) + (BAR_LENGTH + 0.6) * metrics.bar_text
        for bar in box.bars
    ]
    least = 0.0 if box.mark == "cut" else 4 * metrics.node_text
    return max(least, *texts, *bars, 0.0) + 2 * MARGIN


def inside(box: Box, rect: Rect, metrics: Metrics) -> Inside:
    """Divide a box from top to bottom: what it was, what it is, its bars."""
    high = metrics.node_text * LINE
    top, bottom = rect.top, rect.bottom
    was = None
    if box.was:
        height = len(box.was) * high + 2 * PADDING
        was = Rect(rect.x, top - height / 2, rect.width, height)
        top -= height
    if box.bars:
        bottom += sum(_pitch(bar, metrics) for bar in box.bars) + 1.5 * PADDING
    text = Rect(rect.x, (top + bottom) / 2, rect.width, top - bottom)
    length = BAR_LENGTH * metrics.bar_text
    bars, y = [], bottom
    for bar in box.bars:
        pitch = _pitch(bar, metrics)
        high = (0.7 if not bar.minor else 0.5) * metrics.bar_text
        bars.append(Rect(rect.right - MARGIN - length / 2, y - pitch / 2, length, high))
        y -= pitch
    return Inside(was, text, tuple(bars))


def bar_text(bar: Bar, metrics: Metrics) -> float:
    """Return the size of the text beside a bar."""
    return metrics.bar_text * (MINOR if bar.minor else 1.0)


def _pitch(bar: Bar, metrics: Metrics) -> float:
    return bar_text(bar, metrics) * BAR_LINE
