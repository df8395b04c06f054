"""Give everything in a scene its place: boxes, links, labels, frames, captions and legend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uxnet_compiler.pictures.furniture import Caption, Furniture, bounds, furnish
from uxnet_compiler.pictures.geometry import Geometry, lay_out
from uxnet_compiler.pictures.labels import place_labels
from uxnet_compiler.pictures.lattice import arrange
from uxnet_compiler.pictures.metrics import PRINT, Metrics
from uxnet_compiler.pictures.routes import route
from uxnet_compiler.pictures.scene_parts import Cluster, Scene
from uxnet_compiler.pictures.shapes import Curve, Rect, around
from uxnet_compiler.pictures.typography import shortened, text_width

MARGIN = 12.0  # around everything
FRAME_SIDE, FRAME_BELOW, FRAME_ABOVE = 9.0, 8.0, 10.0


@dataclass(frozen=True)
class Layout:
    """The places of everything in a scene; marks, gates and shares of bars do not matter to it.

    Attributes:
        metrics: Sizes that it was made for.
        frame: What is to be seen.
        rects: By box.
        curves: In the order of the links.
        labels: Place of the label of a link, by the link's index.
        clusters: Frame and caption by cluster.
        furniture: Captions and legend.
    """

    metrics: Metrics
    frame: Rect
    rects: Mapping[str, Rect]
    curves: tuple[Curve, ...]
    labels: Mapping[int, Rect]
    clusters: Mapping[str, tuple[Rect, Caption]]
    furniture: Furniture


def compose(scene: Scene, metrics: Metrics = PRINT) -> Layout:
    """Lay out a scene: columns are stages, rows are levels, the finest on top."""
    lattice = arrange(scene.boxes, scene.links, len(scene.rows))
    geometry = lay_out(scene.boxes, lattice, route(lattice, scene.links), metrics)
    clusters = _frames(scene, geometry, metrics)
    captions = [_place(caption) for _, caption in clusters.values() if caption.text]
    labels = place_labels(geometry, captions)
    points = [p for curve in geometry.curves for p in (*curve.sample(), curve.tip)]
    inner = around(
        [*geometry.rects.values(), *labels.values(), *(rect for rect, _ in clusters.values())],
        points,
    )
    furniture = furnish(scene, inner, geometry.rects, geometry.row_heights, lattice, metrics)
    return Layout(
        metrics=metrics,
        frame=_page(around([inner, bounds(furniture)]), metrics.page),
        rects=geometry.rects,
        curves=geometry.curves,
        labels=labels,
        clusters=clusters,
        furniture=furniture,
    )


def _frames(scene: Scene, geometry: Geometry, m: Metrics) -> dict[str, tuple[Rect, Caption]]:
    """Return the frames that hold their own boxes and no others."""
    found: dict[str, tuple[Rect, Caption]] = {}
    for cluster in scene.clusters:
        own = around([geometry.rects[name] for name in cluster.boxes])
        rect = _widened(own, m)
        others = geometry.rects.keys() - set(cluster.boxes)
        if any(rect.overlaps(geometry.rects[name]) for name in others):
            continue
        found[cluster.id] = (rect, _caption(cluster, rect, m))
    return found


def _widened(own: Rect, m: Metrics) -> Rect:
    above = FRAME_ABOVE + m.row_text
    return Rect(
        own.x,
        own.y + (above - FRAME_BELOW) / 2,
        own.width + 2 * FRAME_SIDE,
        own.height + above + FRAME_BELOW,
    )


def _caption(cluster: Cluster, rect: Rect, m: Metrics) -> Caption:
    text = shortened(cluster.caption, m.row_text, rect.width - 12)
    return Caption(text, rect.left + 6, rect.top - 0.85 * m.row_text, m.row_text, is_faint=True)


def _place(caption: Caption) -> Rect:
    width = text_width(caption.text, caption.size)
    return Rect(caption.x + width / 2, caption.y, width, caption.size)


def _page(content: Rect, ratio: float | None) -> Rect:
    """Add the margin, and fill up to a page of that width by height."""
    width, height = content.width + 2 * MARGIN, content.height + 2 * MARGIN
    if ratio is not None:
        width, height = max(width, ratio * height), max(height, width / ratio)
    return Rect(content.x, content.y, width, height)
