"""What stands around the drawing: title, captions of the rows, legend."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from uxnet_compiler.pictures.geometry import Geometry
from uxnet_compiler.pictures.lattice import Lattice
from uxnet_compiler.pictures.scene import Link, Scene
from uxnet_compiler.pictures.shapes import ARROW, Curve, Rect
from uxnet_compiler.pictures.typography import SUPERSCRIPTS, TIMES, shortened, text_width
from uxnet_compiler.schema import INPUT, OUTPUT

TITLE_TEXT, SUBTITLE_TEXT, ROW_TEXT, LEGEND_TEXT = 15.0, 10.0, 9.5, 9.0
ROW_ROOM = 28.0  # between the captions of the rows and the drawing
SAMPLE = 30.0  # length of a line in the legend
MIN_WIDTH = 380.0

MEANINGS = {
    "coarser": "to a coarser grid",
    "same": "on one grid",
    "finer": "to a finer grid",
    "cut": "cut by the search",
}


@dataclass(frozen=True)
class Caption:
    """A line of text that begins at `x`, or has its middle there, and is centred on `y`."""

    text: str
    x: float
    y: float
    size: float
    is_faint: bool = False
    is_centred: bool = False


@dataclass(frozen=True)
class Furniture:
    """Captions, and the samples of lines in the legend by kind."""

    captions: tuple[Caption, ...]
    samples: Mapping[str, Curve]


def furnish(
    scene: Scene, geometry: Geometry, lattice: Lattice, labels: Iterable[Rect]
) -> Furniture:
    """Place title, captions and legend around a drawing."""
    left, right, bottom, top = _bounds(geometry, labels)
    captions = []
    edge = left - ROW_ROOM - max(text_width(t, ROW_TEXT) for row in scene.rows for t in row)
    for level, lines in enumerate(scene.rows):
        rows = geometry.row_heights[lattice.level_rows[level] : lattice.level_rows[level + 1]]
        middle = (rows[0] + rows[-1]) / 2
        captions.append(Caption(lines[0], edge, middle + 6, ROW_TEXT))
        captions.append(Caption(lines[1], edge, middle - 6, ROW_TEXT, is_faint=True))
    captions += _heads(geometry, lattice, top + 14)
    right = max(right, edge + MIN_WIDTH)
    title = shortened(scene.title, TITLE_TEXT, right - edge)
    captions.append(Caption(title, edge, top + 58, TITLE_TEXT))
    captions.append(Caption(scene.subtitle, edge, top + 40, SUBTITLE_TEXT, is_faint=True))
    samples = {}
    x, y = edge, bottom - 30
    present = {_kind(link) for link in scene.links}
    for kind in (kind for kind in MEANINGS if kind in present):
        text = _meaning(kind, scene)
        needed = SAMPLE + 6 + text_width(text, LEGEND_TEXT) + 22
        if x > edge and x + needed > right:
            x, y = edge, y - 15
        samples[kind] = _sample(x, y)
        captions.append(Caption(text, x + SAMPLE + 6, y, LEGEND_TEXT))
        x += needed
    for line in _filled(_remarks(scene), right - edge):
        y -= 15
        captions.append(Caption(line, edge, y, LEGEND_TEXT, is_faint=True))
    return Furniture(tuple(captions), samples)


def _heads(geometry: Geometry, lattice: Lattice, y: float) -> Iterator[Caption]:
    """Number the stages above their columns."""
    columns = defaultdict(list)
    for name, (column, _) in lattice.cells.items():
        if name not in {INPUT, OUTPUT}:
            columns[lattice.stages[column]].append(geometry.rects[name].x)
    for stage, xs in sorted(columns.items()):
        middle = (min(xs) + max(xs)) / 2
        yield Caption(f"stage {stage}", middle, y, ROW_TEXT, is_faint=True, is_centred=True)


def _kind(link: Link) -> str:
    return "cut" if link.cut else link.way


def _bounds(geometry: Geometry, labels: Iterable[Rect]) -> tuple[float, float, float, float]:
    rects = [*geometry.rects.values(), *labels]
    points = [p for curve in geometry.curves for p in (*curve.sample(), curve.tip)]
    xs = [p[0] for p in points] + [r.left for r in rects] + [r.right for r in rects]
    ys = [p[1] for p in points] + [r.bottom for r in rects] + [r.top for r in rects]
    return min(xs), max(xs), min(ys), max(ys)


def _sample(x: float, y: float) -> Curve:
    end = x + SAMPLE - ARROW
    third = (end - x) / 3
    return Curve(((x, y), (x + third, y), (end - third, y), (end, y)), (x + SAMPLE, y))


def _meaning(kind: str, scene: Scene) -> str:
    if kind == "cut" and any(link.cut and link.gate is not None for link in scene.links):
        return f"{MEANINGS[kind]} (wider: stronger gate)"
    return MEANINGS[kind]


def _remarks(scene: Scene) -> Iterator[str]:
    """Yield what a reader has to know, as far as this drawing needs it."""
    lines = [line for box in scene.boxes if box.shape != "end" for line in box.lines]
    if any(len(box.lines) > 1 for box in scene.boxes if box.shape == "op"):
        yield "Lines in a box: one after the other."
    dilations = sorted(
        {part for line in lines for part in line.split() if part[0] == "d" and part[1:].isdigit()}
    )
    yield from (f"{part}: dilation {part[1:]}." for part in dilations)
    labels = " ".join(link.label for link in scene.links)
    power = re.search(rf"([/{TIMES}]\(?[\d{TIMES}]+\)?)[{SUPERSCRIPTS}]+", labels)
    if power:
        yield f"{power[0]}: in several steps of {power[1]}."
    if "|" in labels:
        yield "a | b: a, then b."
    flat = TIMES.join("1" * scene.spatial_dims)
    yield f"Not shown: norms, activations and {flat} convolutions that fit the channels."


def _filled(sentences: Iterable[str], width: float) -> Iterator[str]:
    """Fill lines of that width with whole sentences."""
    line = ""
    for sentence in sentences:
        longer = f"{line}  {sentence}" if line else sentence
        if line and text_width(longer, LEGEND_TEXT) > width:
            yield line
            longer = sentence
        line = longer
    yield line
