"""The drawings of an exhibit: a small one for its card, a packed one for comparisons."""

from __future__ import annotations

import base64
import gzip
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from markupsafe import Markup

from uxnet_compiler.pictures.compose import compose
from uxnet_compiler.pictures.figure import Panel, Stroke
from uxnet_compiler.pictures.paint import paint
from uxnet_compiler.pictures.scene import Scene
from uxnet_compiler.pictures.shapes import Point, around
from uxnet_compiler.pictures.themes import THEMES

LIGHT, DARK = THEMES["paper"], THEMES["dark"]
CORNER = 4.0
RATIO, MOST_STRETCH = 1.8, 2.2
Both = tuple[str, str]
"""A colour in the light theme and in the dark one."""


def thumb(scene: Scene) -> Markup:
    """Return the boxes and links of a scene, without a word and without a background.

    What is painted alike is one path: on a page with hundreds of drawings, a hundred elements for
    each would make it slow. As in the large drawings, every colour has one for dark pages beside.
    """
    bare = replace(
        scene,
        boxes=tuple(replace(box, lines=()) for box in scene.boxes),
        links=tuple(replace(link, label="") for link in scene.links),
    )
    layout = compose(bare, LIGHT.metrics)
    light, dark = (paint(bare, layout, theme) for theme in (LIGHT, DARK))
    strokes = [(s, d) for s, d in zip(light.strokes, dark.strokes, strict=True) if s.source]
    panels = [
        (p, d) for p, d in zip(light.panels, dark.panels, strict=True) if p.id in layout.rects
    ]
    frame = around(
        layout.rects.values(), [point for stroke, _ in strokes for point in stroke.curve.sample()]
    )
    # A flat drawing is stretched, or it would be a thin line on its card.
    stretch = min(MOST_STRETCH, max(1.0, frame.width / frame.height / RATIO))
    view = (frame.left - 2, stretch * -frame.top - 2, frame.width + 4, stretch * frame.height + 4)
    return Markup(
        f'<svg viewBox="{" ".join(map(_n, view))}"><g transform="scale(1 {stretch:.2f})">'
        f"{''.join(_lines(strokes))}{''.join(_boxes(panels))}</g></svg>"
    )


def _lines(strokes: Sequence[tuple[Stroke, Stroke]]) -> Iterator[str]:
    alike: dict[tuple[Both, bool], list[Stroke]] = defaultdict(list)
    for stroke, dark in strokes:
        alike[(stroke.colour, dark.colour), stroke.dash != "solid"].append(stroke)
    for (colours, is_dashed), group in sorted(alike.items(), key=lambda pair: pair[0]):
        dashes = ' stroke-dasharray="3 2"' if is_dashed else ""
        ways = "".join(map(_way, group))
        yield f'<path fill="none"{_colour("stroke", colours)}{dashes} d="{ways}"/>'


def _way(stroke: Stroke) -> str:
    start, *rest = map(_point, stroke.curve.points)
    return f"M{start}C{' '.join(rest)}L{_point(stroke.curve.tip)}"


def _boxes(panels: Sequence[tuple[Panel, Panel]]) -> Iterator[str]:
    alike: dict[tuple[Both, Both], list[Panel]] = defaultdict(list)
    for panel, dark in panels:
        fills = (panel.fill or "none", dark.fill or "none")
        alike[fills, (panel.stroke or "none", dark.stroke or "none")].append(panel)
    for (fills, borders), group in sorted(alike.items(), key=lambda pair: pair[0]):
        outlines = "".join(map(_outline, group))
        yield f'<path{_colour("fill", fills)}{_colour("stroke", borders)} d="{outlines}"/>'


def _colour(attribute: str, colours: Both) -> str:
    light, dark = colours
    companion = f' data-{attribute}="{dark[1:]}"' if dark.startswith("#") else ""
    return f' {attribute}="{light}"{companion}'


def _outline(panel: Panel) -> str:
    rect = panel.rect
    corner = rect.width / 2 if panel.shape == "circle" else min(CORNER, rect.height / 3)
    start = _point((rect.left + corner, rect.top))
    across, down, c = _n(rect.width - 2 * corner), _n(rect.height - 2 * corner), _n(corner)
    bend = f"a{c} {c} 0 0 1"
    return (
        f"M{start}h{across}{bend} {c} {c}v{down}{bend} -{c} {c}"
        f"h-{across}{bend} -{c} -{c}v-{down}{bend} {c} -{c}z"
    )


def _point(point: Point) -> str:
    return f"{_n(point[0])} {_n(-point[1])}"


def _n(number: float) -> str:
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def packed(svg: str) -> str:
    """Compress a drawing for a page that holds hundreds and shows two; no date is in it."""
    return base64.b64encode(gzip.compress(svg.encode(), mtime=0)).decode()
