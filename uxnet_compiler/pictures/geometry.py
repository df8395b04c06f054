"""Turn lattice and routes into coordinates: boxes, ports and curves, in points, y upwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from uxnet_compiler.pictures.lattice import Lattice
from uxnet_compiler.pictures.ports import spread_ports
from uxnet_compiler.pictures.routes import Route, Routing
from uxnet_compiler.pictures.scene import Box
from uxnet_compiler.pictures.shapes import Curve, Point, Rect, arc, chain, down
from uxnet_compiler.pictures.typography import text_width

NODE_TEXT, END_TEXT, LINK_TEXT = 11.0, 10.0, 8.5
LINE = 1.2  # distance of lines, in font sizes
ROW_GAP, ROW_GAP_PER_ROW = 36.0, 4.0  # more levels make steeper links
TRACK_PITCH, TRACK_CLEARANCE = 11.0, 13.0
MOST_CROWD = 96.0  # room for the links of a full gutter


@dataclass(frozen=True)
class Geometry:
    """Coordinates of everything between the margins.

    Attributes:
        rects: By box.
        curves: In the order of the routes.
        row_heights: The y of each row.
        label_widths: Width of each link's label, in the order of the routes.
    """

    rects: dict[str, Rect]
    curves: tuple[Curve, ...]
    row_heights: tuple[float, ...]
    label_widths: tuple[float, ...]


def lay_out(boxes: Sequence[Box], lattice: Lattice, routing: Routing) -> Geometry:
    """Compute the coordinates: columns as wide as they need, rows evenly apart."""
    labels = tuple(
        text_width(r.link.label, LINK_TEXT) + 5 if r.link.label else 0.0 for r in routing.routes
    )
    sizes = _sizes(boxes)
    arc_pitch = _arc_pitch(routing, labels)
    halves = [
        max(sizes[name][0] for name, (at, _) in lattice.cells.items() if at == column) / 2
        for column in range(lattice.columns)
    ]
    gutters = _gutters(lattice, routing, labels, arc_pitch)
    steps = [a + gutter + b for a, gutter, b in zip(halves[:-1], gutters, halves[1:], strict=True)]
    centres = list(accumulate(steps, initial=0.0))
    height = max(h for _, h in sizes.values())
    gap = ROW_GAP + ROW_GAP_PER_ROW * len(routing.tracks)
    drops = [height + gap + TRACK_PITCH * n for n in routing.tracks[1:-1]]
    heights = tuple(accumulate((-drop for drop in drops), initial=0.0))
    rects = {
        name: Rect(centres[column], heights[row], *sizes[name])
        for name, (column, row) in lattice.cells.items()
    }
    ports = spread_ports(lattice, routing, rects)
    walls = [(x - half, x + half) for x, half in zip(centres, halves, strict=True)]

    def track(gap: int, lane: int) -> float:
        away = height / 2 + TRACK_CLEARANCE + TRACK_PITCH * lane
        return heights[gap] + away if gap < len(heights) else heights[-1] - away

    def curve(route: Route, start: Point, tip: Point) -> Curve:
        link = route.link
        if route.kind == "down":
            return down(rects[link.source], rects[link.target])
        first, last = lattice.cells[link.source][0], lattice.cells[link.target][0]
        if route.kind == "arc":
            return arc(start, tip, walls[first][0] - arc_pitch * (route.lane + 1))
        passing = []
        if route.kind != "gutter":
            level = heights[route.lane] if route.kind == "row" else track(route.gap, route.lane)
            passing = [(walls[first + 1][0] - 3, level), (walls[last - 1][1] + 3, level)]
        found = chain([start, *passing, tip])
        near = [
            rects[name]
            for name, (column, _) in lattice.cells.items()
            if column in {first, last} and name not in {link.source, link.target}
        ]
        if any(rect.holds(point, 3.0) for point in found.sample() for rect in near):
            # A small box in a column of wide ones: keep level until these are passed.
            found = chain(
                [start, (walls[first][1], start[1]), *passing, (walls[last][0], tip[1]), tip]
            )
        return found

    curves = (curve(r, *ends) for r, ends in zip(routing.routes, ports, strict=True))
    return Geometry(rects, tuple(curves), heights, labels)


def _sizes(boxes: Sequence[Box]) -> dict[str, tuple[float, float]]:
    """Make all boxes of one shape equally large, so that the picture is calm."""
    ops = [box for box in boxes if box.shape == "op" and box.lines]
    widest = max((text_width(line, NODE_TEXT) for box in ops for line in box.lines), default=0.0)
    most = max((len(box.lines) for box in ops), default=1)
    ends = [line for box in boxes if box.shape == "end" for line in box.lines]
    widest_end = max((text_width(line, END_TEXT) for line in ends), default=0.0)
    size = {
        "op": (max(58.0, widest + 16), max(2, most) * NODE_TEXT * LINE + 9),
        "end": (widest_end + 14, 2 * END_TEXT * LINE + 6),
    }
    return {
        box.id: size.get(box.shape, (20.0, 20.0) if box.lines else (10.0, 10.0)) for box in boxes
    }


def _arc_pitch(routing: Routing, labels: Sequence[float]) -> float:
    widest = max(
        (w for w, r in zip(labels, routing.routes, strict=True) if r.kind == "arc"), default=0.0
    )
    return max(16.0, widest / 2 + 8)


def _gutters(
    lattice: Lattice, routing: Routing, labels: Sequence[float], arc_pitch: float
) -> list[float]:
    """Return the room between columns: the same between all stages, for the fullest."""
    counts: dict[int, int] = defaultdict(int)
    widest: dict[int, float] = defaultdict(float)
    for route, width in zip(routing.routes, labels, strict=True):
        if route.kind in {"down", "arc"}:
            continue
        (c0, r0), (c1, r1) = lattice.cells[route.link.source], lattice.cells[route.link.target]
        for gutter in {c0, c1 - 1}:
            widest[gutter] = max(widest[gutter], width)
            counts[gutter] += r0 != r1 or route.kind == "track"
    gutters = range(lattice.columns - 1)
    needed = [30.0 + widest[g] + min(32.0 * counts[g] ** 0.5, MOST_CROWD) for g in gutters]
    between = [
        g for g in gutters if 0 < g < gutters[-1] and lattice.stages[g] != lattice.stages[g + 1]
    ]
    even = max((needed[g] for g in between), default=0.0)
    arcs = [arc_pitch * n + (10.0 if n else 0.0) for n in routing.arcs[1:]]
    return [(even if g in between else needed[g]) + arcs[g] for g in gutters]
