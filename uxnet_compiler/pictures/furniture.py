"""What stands around the drawing: title, captions of rows and columns, legend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.pictures.lattice import Lattice
from uxnet_compiler.pictures.legend import Key, keys_of
from uxnet_compiler.pictures.metrics import Metrics
from uxnet_compiler.pictures.scene_parts import Scene
from uxnet_compiler.pictures.shapes import Rect, around
from uxnet_compiler.pictures.typography import SUPERSCRIPTS, TIMES, shortened, text_width
from uxnet_compiler.schema import INPUT, OUTPUT

ROW_ROOM = 28.0  # between the captions of the rows and the drawing
SAMPLE = 3.3  # length of a line in the legend, in sizes of its text
MIN_WIDTH = 380.0


@dataclass(frozen=True)
class Caption:
    """A line of text that begins at `x`, or has its middle there, and is centred on `y`."""

    text: str
    x: float
    y: float
    size: float
    is_faint: bool = False
    anchor: Literal["start", "middle"] = "start"


@dataclass(frozen=True)
class Sample:
    """An entry of the legend: what it explains, and the place of its picture."""

    key: Key
    rect: Rect


@dataclass(frozen=True)
class Furniture:
    """Captions, and the samples of the legend."""

    captions: tuple[Caption, ...]
    samples: tuple[Sample, ...]


def furnish(
    scene: Scene,
    inner: Rect,
    rects: dict[str, Rect],
    row_heights: tuple[float, ...],
    lattice: Lattice,
    metrics: Metrics,
) -> Furniture:
    """Place title, captions and legend around a drawing that fills `inner`."""
    m = metrics
    widest = max(text_width(t, m.row_text) for row in scene.rows for t in row)
    edge = inner.left - ROW_ROOM - widest
    right = max(inner.right, edge + MIN_WIDTH)
    y = inner.top + 1.5 * m.row_text
    captions = [*_rows(scene, edge, row_heights, lattice, m), *_heads(scene, rects, lattice, y, m)]
    y += 1.2 * m.row_text + 1.6 * m.subtitle_text
    subtitle = shortened(scene.subtitle, m.subtitle_text, right - edge)
    captions.append(Caption(subtitle, edge, y, m.subtitle_text, is_faint=True))
    y += 0.8 * m.subtitle_text + 0.7 * m.title_text
    captions.append(
        Caption(shortened(scene.title, m.title_text, right - edge), edge, y, m.title_text)
    )
    samples, texts = _legend(scene, edge, right, inner.bottom - 3 * m.legend_text, m)
    return Furniture((*captions, *texts), samples)


def _rows(
    scene: Scene, edge: float, heights: tuple[float, ...], lattice: Lattice, m: Metrics
) -> Iterator[Caption]:
    for level, lines in enumerate(scene.rows):
        rows = heights[lattice.level_rows[level] : lattice.level_rows[level + 1]]
        middle = (rows[0] + rows[-1]) / 2
        yield Caption(lines[0], edge, middle + 0.63 * m.row_text, m.row_text)
        yield Caption(lines[1], edge, middle - 0.63 * m.row_text, m.row_text, is_faint=True)


def _heads(
    scene: Scene, rects: dict[str, Rect], lattice: Lattice, y: float, m: Metrics
) -> Iterator[Caption]:
    """Number the stages above their columns, where there is room for it."""
    groups: dict[tuple[int, int], list[float]] = {}
    for column, names in enumerate(lattice.in_columns):
        xs = [rects[name].x for name in names if name not in {INPUT, OUTPUT}]
        groups.setdefault(lattice.stages[column], []).extend(xs)
    end = float("-inf")
    for (first, last), xs in groups.items():
        if not xs:
            continue
        text = f"{scene.heads} {first}"
        if first != last:
            text = f"{scene.heads}s {first} to {last}"
        middle, half = (min(xs) + max(xs)) / 2, text_width(text, m.row_text) / 2
        if middle - half > end + 6:
            end = middle + half
            yield Caption(text, middle, y, m.row_text, is_faint=True, anchor="middle")


def _legend(
    scene: Scene, edge: float, right: float, y: float, m: Metrics
) -> tuple[tuple[Sample, ...], list[Caption]]:
    samples, captions = [], []
    size, length = m.legend_text, SAMPLE * m.legend_text
    for row in keys_of(scene):
        x = edge
        for key in row:
            needed = length + 6 + text_width(key.text, size) + 22
            if x > edge and x + needed > right:
                x, y = edge, y - 1.75 * size
            samples.append(Sample(key, Rect(x + length / 2, y, length, 1.4 * size)))
            captions.append(Caption(key.text, x + length + 6, y, size))
            x += needed
        y -= 1.75 * size
    for line in _filled(_remarks(scene), right - edge, size):
        captions.append(Caption(line, edge, y, size, is_faint=True))
        y -= 1.5 * size
    return tuple(samples), captions


def bounds(furniture: Furniture) -> Rect:
    """Return the room that the furniture takes."""
    rects = [sample.rect for sample in furniture.samples]
    for caption in furniture.captions:
        width = text_width(caption.text, caption.size)
        x = caption.x if caption.anchor == "middle" else caption.x + width / 2
        rects.append(Rect(x, caption.y, width, 1.2 * caption.size))
    return around(rects)


def _remarks(scene: Scene) -> Iterator[str]:
    """Yield what a reader has to know, as far as this drawing needs it."""
    lines = [line for box in scene.boxes if box.shape != "end" for line in box.lines]
    labels = " ".join(link.label for link in scene.links)
    if "|" in labels or any(len(box.lines) > 1 for box in scene.boxes if box.shape == "op"):
        yield scene.stacked
    parts = {part for text in (*lines, labels) for part in text.split()}
    dilations = sorted(part for part in parts if part[0] == "d" and part[1:].isdigit())
    yield from (f"{part}: dilation {part[1:]}." for part in dilations)
    if "dw" in parts:
        yield "dw: depthwise."
    power = re.search(rf"([/{TIMES}]\(?[\d{TIMES}]+\)?)[{SUPERSCRIPTS}]+", labels)
    if power:
        yield f"{power[0]}: in several steps of {power[1]}."
    yield from scene.remarks
    flat = TIMES.join("1" * scene.spatial_dims)
    hidden = f"norms, activations and {flat} convolutions that fit the channels"
    hidden = hidden if scene.hidden is None else scene.hidden
    if hidden:
        yield f"Not shown: {hidden}."


def _filled(sentences: Iterable[str], width: float, size: float) -> Iterator[str]:
    """Fill lines of that width with whole sentences."""
    line = ""
    for sentence in sentences:
        longer = f"{line}  {sentence}" if line else sentence
        if line and text_width(longer, size) > width:
            yield line
            longer = sentence
        line = longer
    yield line
