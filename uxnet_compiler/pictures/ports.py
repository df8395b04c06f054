"""Where links touch their boxes: spread over the sides so that they do not cross there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence

from uxnet_compiler.pictures.lattice import Lattice
from uxnet_compiler.pictures.routes import Route, Routing
from uxnet_compiler.pictures.shapes import Point, Rect

PORT_PITCH, CORNER, CIRCLE_CORNER = 7.5, 6.0, 3.0
ROUNDING = 12.0  # Graphviz's radius of the corners of a box, at most a third of its side

End = tuple[float, float, int, int]
"""Height of approach, height of the other box, index of the route, 0 for source or 1 for target."""


def spread_ports(
    lattice: Lattice, routing: Routing, rects: Mapping[str, Rect], square: Container[str] = ()
) -> list[tuple[Point, Point]]:
    """Return where each route starts and where it ends; `square` boxes have sharp corners."""
    sides: dict[tuple[str, str], list[End]] = defaultdict(list)
    for index, route in enumerate(routing.routes):
        (_, r0), (_, r1) = lattice.cells[route.link.source], lattice.cells[route.link.target]
        if route.kind == "down":
            continue
        if route.kind == "arc":
            far = lattice.rows
            # Seen from the lower box the near arcs come first, from the upper the far ones.
            for end, own, other in ((0, r0, r1), (1, r1, r0)):
                name = route.link.target if end else route.link.source
                sides[name, "left"].append((-far if other < own else far, -other, index, end))
            continue
        via = _via(route, lattice.rows)
        sides[route.link.source, "right"].append(((r1 if via is None else via) - r0, r1, index, 0))
        sides[route.link.target, "left"].append(((r0 if via is None else via) - r1, r0, index, 1))
    found: list[list[Point]] = [[(0.0, 0.0), (0.0, 0.0)] for _ in routing.routes]
    for (name, side), ends in sides.items():
        rect = rects[name]
        ends.sort()
        for (_, _, index, end), offset in zip(ends, _offsets(rect, ends), strict=True):
            recess = 0.0 if name in square else _recess(rect, abs(offset))
            reach = rect.width / 2 - recess
            x = rect.x + reach if side == "right" else rect.x - reach
            found[index][end] = (x, rect.y + offset)
    return [(start, end) for start, end in found]


def _via(route: Route, rows: int) -> float | None:
    """Return the height, in rows, at which a long link passes the columns between."""
    if route.kind == "gutter":
        return None
    if route.kind == "row":
        return float(route.lane)
    outwards = 1 if route.gap == rows else -1
    return route.gap - 0.5 + outwards * 0.4 * (1 - 1 / (1 + route.lane))


def _recess(rect: Rect, offset: float) -> float:
    """Return how far the rounded side of a box, or of a circle, stands back at a port."""
    radius = rect.width / 2 if rect.is_round else min(ROUNDING, rect.width / 3, rect.height / 3)
    into = max(offset - (rect.height / 2 - radius), 0.0)
    return radius - math.sqrt(max(radius * radius - into * into, 0.0))


def _offsets(rect: Rect, ends: Sequence[End]) -> list[float]:
    """Return the heights of ports from top to bottom; a level link keeps the middle."""
    above = sum(end[0] < 0 for end in ends)
    below = sum(end[0] > 0 for end in ends)
    middle = len(ends) - above - below
    first = above if middle else (len(ends) - 1) / 2
    reach = max(first, len(ends) - 1 - first, 1)
    corner = CIRCLE_CORNER if rect.is_round else CORNER
    pitch = min(PORT_PITCH, (rect.height / 2 - corner) / reach)
    return [pitch * (first - index) for index in range(len(ends))]
