"""Points, rectangles and curves, in points of 1/72 inch, y upwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """A rectangle by its centre, or the circle in it."""

    x: float
    y: float
    width: float
    height: float
    is_round: bool = False

    @property
    def left(self) -> float:
        """Return the x of the left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Return the x of the right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Return the y of the upper side."""
        return self.y + self.height / 2

    @property
    def bottom(self) -> float:
        """Return the y of the lower side."""
        return self.y - self.height / 2

    def overlaps(self, other: Rect, clearance: float = 0.0) -> bool:
        """Tell whether two rectangles come closer than `clearance`."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2 + clearance
            and abs(self.y - other.y) < (self.height + other.height) / 2 + clearance
        )

    def holds(self, point: Point, clearance: float = 0.0) -> bool:
        """Tell whether a point lies inside or closer than `clearance`."""
        return (
            abs(self.x - point[0]) < self.width / 2 + clearance
            and abs(self.y - point[1]) < self.height / 2 + clearance
        )


def around(rects: Iterable[Rect], points: Iterable[Point] = ()) -> Rect:
    """Return the smallest rectangle that holds all of them; there is at least one."""
    corners = [p for r in rects for p in ((r.left, r.bottom), (r.right, r.top))]
    corners += points
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    bottom, top = min(y for _, y in corners), max(y for _, y in corners)
    return Rect((left + right) / 2, (bottom + top) / 2, right - left, top - bottom)


@dataclass(frozen=True)
class Curve:
    """A chain of cubic Bezier pieces that ends where the arrow head begins.

    Attributes:
        points: First point, then two controls and an end per piece.
        tip: Where the arrow points.
    """

    points: tuple[Point, ...]
    tip: Point

    def sample(self, count: int = 24) -> list[Point]:
        """Return points along the curve, `count` steps per piece, both ends included."""
        found = [self.points[0]]
        for first in range(0, len(self.points) - 1, 3):
            a, b, c, d = self.points[first : first + 4]
            for step in range(1, count + 1):
                t = step / count
                u = 1 - t
                weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
                pieces = tuple(zip(weights, (a, b, c, d), strict=True))
                found.append((sum(w * p[0] for w, p in pieces), sum(w * p[1] for w, p in pieces)))
        return found


def chain(stops: Sequence[Point], arrow: float) -> Curve:
    """Connect points from left to right, level at each of them; end with room for an arrow."""
    tip = stops[-1]
    path = [*stops[:-1], (tip[0] - arrow, tip[1])]
    points = [path[0]]
    for (x0, y0), (x1, y1) in pairwise(path):
        pull = 0.42 * (x1 - x0)
        points += [(x0 + pull, y0), (x1 - pull, y1), (x1, y1)]
    return Curve(tuple(points), tip)


def down(source: Rect, target: Rect, arrow: float) -> Curve:
    """Run straight from one box to another above or below it."""
    downwards = target.y < source.y
    start = (source.x, source.bottom if downwards else source.top)
    tip = (target.x, target.top if downwards else target.bottom)
    end = (tip[0], tip[1] + (arrow if downwards else -arrow))
    third = (end[1] - start[1]) / 3
    controls = ((start[0], start[1] + third), (start[0], end[1] - third))
    return Curve((start, *controls, end), tip)


def arc(start: Point, tip: Point, wall: float, furthest: float, arrow: float) -> Curve:
    """Go level to the left as far as `wall`, swing out from there to `furthest`, and come back."""
    end = (tip[0] - arrow, tip[1])
    first, last = (min(wall, start[0]), start[1]), (min(wall, end[0]), end[1])
    # The middle of a cubic with both controls at x is 3/4 x + 1/8 (first + last).
    control = (furthest - (first[0] + last[0]) / 8) / 0.75
    points = [start]
    if first != start:
        points += [*_thirds(start, first), first]
    points += [(control, first[1]), (control, last[1]), last]
    if last != end:
        points += [*_thirds(last, end), end]
    return Curve(tuple(points), tip)


def _thirds(a: Point, b: Point) -> tuple[Point, Point]:
    """Return the controls of a piece that is a straight line."""
    return (
        (a[0] + (b[0] - a[0]) / 3, a[1] + (b[1] - a[1]) / 3),
        (a[0] + 2 * (b[0] - a[0]) / 3, a[1] + 2 * (b[1] - a[1]) / 3),
    )
