"""Turn lattice and routes into coordinates: boxes, ports and curves, in points, y upwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from uxnet_compiler.pictures.boxes import box_sizes
from uxnet_compiler.pictures.lattice import Lattice
from uxnet_compiler.pictures.looks import OUTLINES
from uxnet_compiler.pictures.metrics import Metrics
from uxnet_compiler.pictures.ports import spread_ports
from uxnet_compiler.pictures.routes import Route, Routing
from uxnet_compiler.pictures.scene_parts import Box
from uxnet_compiler.pictures.shapes import Curve, Point, Rect, arc, chain, down
from uxnet_compiler.pictures.spelling import THEN
from uxnet_compiler.pictures.typography import LINE, text_width

TRACK_PITCH, TRACK_CLEARANCE = 11.0, 13.0
SAME_LEVEL_GAP = 22.0  # between the rows of one level
MANY_COLUMNS = 12
# Room in a gutter for the links that climb in it: for the first, and at most.
CROWD, MOST_CROWD, DENSE_CROWD, MOST_DENSE_CROWD = 32.0, 96.0, 16.0, 75.0
AROUND = 140.0  # title and legend, roughly
MOST_STRETCH = 3.0

Size = tuple[float, float]


@dataclass(frozen=True)
class Geometry:
    """Coordinates of everything between the margins.

    Attributes:
        rects: By box.
        curves: In the order of the routes.
        row_heights: The y of each row.
        label_sizes: Width and height of each link's label, in the order of the routes.
    """

    rects: dict[str, Rect]
    curves: tuple[Curve, ...]
    row_heights: tuple[float, ...]
    label_sizes: tuple[Size, ...]


def lay_out(boxes: Sequence[Box], lattice: Lattice, routing: Routing, metrics: Metrics) -> Geometry:
    """Compute the coordinates: columns as wide as they need, levels evenly apart."""
    labels = tuple(label_size(route.link.label, metrics) for route in routing.routes)
    sizes = box_sizes(boxes, metrics, dense=lattice.columns > MANY_COLUMNS)
    arc_pitch = _arc_pitch(routing, labels)
    halves = [
        max(sizes[name][0] for name, (at, _) in lattice.cells.items() if at == column) / 2
        for column in range(lattice.columns)
    ]
    gutters = _gutters(lattice, routing, labels, arc_pitch, metrics)
    steps = [a + gutter + b for a, gutter, b in zip(halves[:-1], gutters, halves[1:], strict=True)]
    centres = list(accumulate(steps, initial=0.0))
    tall = [
        max((sizes[name][1] for name, (_, at) in lattice.cells.items() if at == row), default=0.0)
        for row in range(lattice.rows)
    ]
    width = centres[-1] + halves[0] + halves[-1]
    heights = _row_heights(lattice, routing, tall, width, metrics)
    round_ones = {box.id for box in boxes if box.shape == "pass" and not (box.bars or box.was)}
    square = {box.id for box in boxes if OUTLINES[box.look] in {"square", "chord"}}
    rects = {
        name: Rect(centres[column], heights[row], *sizes[name], is_round=name in round_ones)
        for name, (column, row) in lattice.cells.items()
    }
    ports = spread_ports(lattice, routing, rects, square)
    walls = [(x - half, x + half) for x, half in zip(centres, halves, strict=True)]

    def track(gap: int, lane: int) -> float:
        away = TRACK_CLEARANCE + TRACK_PITCH * lane
        if gap < len(heights):
            return heights[gap] + tall[gap] / 2 + away
        return heights[-1] - tall[-1] / 2 - away

    def curve(route: Route, start: Point, tip: Point) -> Curve:
        link = route.link
        if route.kind == "down":
            return down(rects[link.source], rects[link.target], metrics.arrow)
        first, last = lattice.cells[link.source][0], lattice.cells[link.target][0]
        if route.kind == "arc":
            wall = walls[first][0]
            furthest = wall - arc_pitch * (route.lane + 1)
            return arc(start, tip, wall, furthest, metrics.arrow)
        passing = []
        if route.kind != "gutter":
            level = heights[route.lane] if route.kind == "row" else track(route.gap, route.lane)
            passing = [(walls[first + 1][0] - 3, level), (walls[last - 1][1] + 3, level)]
        found = chain([start, *passing, tip], metrics.arrow)
        near = [
            rects[name]
            for name in lattice.in_columns[first] + lattice.in_columns[last]
            if name not in {link.source, link.target}
        ]
        if any(rect.holds(point, 3.0) for point in found.sample() for rect in near):
            # A small box in a column of wide ones: keep level until these are passed.
            stops = [start, (walls[first][1], start[1]), *passing, (walls[last][0], tip[1]), tip]
            found = chain(stops, metrics.arrow)
        return found

    curves = (curve(r, *ends) for r, ends in zip(routing.routes, ports, strict=True))
    return Geometry(rects, tuple(curves), heights, labels)


def label_size(label: str, metrics: Metrics) -> Size:
    """Return the room that a label takes; none for an empty one."""
    if not label:
        return 0.0, 0.0
    lines = label.split(THEN)
    size = metrics.link_text
    return max(text_width(line, size) for line in lines) + 5, len(lines) * LINE * size + 1


def _row_heights(
    lattice: Lattice, routing: Routing, tall: Sequence[float], width: float, metrics: Metrics
) -> tuple[float, ...]:
    """Stack the rows; levels of a very wide drawing move apart, so that it gets less so."""
    levels = len(lattice.level_rows) - 1
    starts = set(lattice.level_rows)
    gap = metrics.row_gap + 4.0 * (levels + 1)  # more levels make steeper links
    near, far = [], []
    for row in range(1, lattice.rows):
        least = (tall[row - 1] + tall[row]) / 2 + TRACK_PITCH * routing.tracks[row]
        near.append(least + (gap if row in starts else SAME_LEVEL_GAP))
        far.append(gap if row in starts else 0.0)
    missing = width / metrics.widest - AROUND - sum(near) - max(tall, default=0.0)
    stretch = min(max(missing, 0.0) / sum(far), MOST_STRETCH) if sum(far) else 0.0
    drops = (a + stretch * b for a, b in zip(near, far, strict=True))
    return tuple(accumulate((-drop for drop in drops), initial=0.0))


def _arc_pitch(routing: Routing, labels: Sequence[Size]) -> float:
    widest = max(
        (w for (w, _), r in zip(labels, routing.routes, strict=True) if r.kind == "arc"),
        default=0.0,
    )
    return max(16.0, widest / 2 + 8)


def _gutters(
    lattice: Lattice,
    routing: Routing,
    labels: Sequence[Size],
    arc_pitch: float,
    metrics: Metrics,
) -> list[float]:
    """Return the room between columns: of a few stages the same between all, for the fullest."""
    dense = lattice.columns > MANY_COLUMNS
    counts: dict[int, float] = defaultdict(float)
    widest: dict[int, float] = defaultdict(float)
    weight = 0.1 if dense else 1.0  # of a link that climbs to a track and back
    for route, (width, _) in zip(routing.routes, labels, strict=True):
        if route.kind in {"down", "arc"}:
            continue
        (c0, r0), (c1, r1) = lattice.cells[route.link.source], lattice.cells[route.link.target]
        for gutter in {c0, c1 - 1}:
            widest[gutter] = max(widest[gutter], width)
            counts[gutter] += 1.0 if r0 != r1 else weight * (route.kind == "track")
    gutters = range(lattice.columns - 1)
    each, most = (DENSE_CROWD, MOST_DENSE_CROWD) if dense else (CROWD, MOST_CROWD)
    power = 0.7 if dense else 0.5
    needed = [metrics.gutter + widest[g] + min(each * counts[g] ** power, most) for g in gutters]
    between = [
        g
        for g in gutters
        if 0 < g < gutters[-1] and lattice.stages[g] != lattice.stages[g + 1] and not dense
    ]
    even = max((needed[g] for g in between), default=0.0)
    arcs = [arc_pitch * n + (10.0 if n else 0.0) for n in routing.arcs[1:]]
    return [(even if g in between else needed[g]) + arcs[g] for g in gutters]
