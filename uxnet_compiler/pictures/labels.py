"""Find the spot on each curve where its label disturbs least."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from uxnet_compiler.pictures.geometry import Geometry, Size
from uxnet_compiler.pictures.shapes import Curve, Point, Rect

BUCKET = 24.0
SWEEPS = 6
STEPS = 48  # points per piece of a curve

# What a label may cover, dearest first.
ON_BOX, ON_LABEL, ON_ARROW, ON_CURVE, OFF_MIDDLE, OFF_CURVE = 1000.0, 60.0, 8.0, 2.0, 1.5, 1.0
SHIFTS = (0.0, -0.32, 0.32)  # of a label along its curve's crossing, in widths


@dataclass(frozen=True)
class _Thing:
    """Something that a label may cover: part of a box, a curve or an arrow head."""

    kind: float
    index: int


class _Crowd:
    """Points in square buckets, to ask what lies in a rectangle."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[int, int], list[tuple[Point, _Thing]]] = defaultdict(list)

    def add(self, point: Point, thing: _Thing) -> None:
        self._buckets[self._key(point)].append((point, thing))

    def remove(self, point: Point, thing: _Thing) -> None:
        self._buckets[self._key(point)].remove((point, thing))

    def within(self, rect: Rect, clearance: float) -> set[_Thing]:
        (x0, y0) = self._key((rect.left - clearance, rect.bottom - clearance))
        (x1, y1) = self._key((rect.right + clearance, rect.top + clearance))
        return {
            thing
            for column in range(x0, x1 + 1)
            for row in range(y0, y1 + 1)
            for point, thing in self._buckets.get((column, row), ())
            if rect.holds(point, clearance)
        }

    @staticmethod
    def _key(point: Point) -> tuple[int, int]:
        return int(point[0] // BUCKET), int(point[1] // BUCKET)


def place_labels(geometry: Geometry, taken: Iterable[Rect] = ()) -> dict[int, Rect]:
    """Return a place for the label of every link that has one, by the link's index.

    Each label lies on its own curve. It must not touch a box, should not touch another label and
    covers as few other curves as possible; a few sweeps let labels give way to each other. `taken`
    are more places that it must not touch.
    """
    crowd = _crowd(geometry, taken)
    offers: dict[int, list[tuple[float, Rect]]] = {}
    for index, curve in enumerate(geometry.curves):
        size = geometry.label_sizes[index]
        if size[0]:
            offers[index] = [
                (dislike + _covered(rect, index, crowd), rect)
                for dislike, rect in _spots(curve, size)
            ]
    chosen = {index: min(spots, key=lambda s: s[0])[1] for index, spots in offers.items()}
    centres = _Crowd()
    for index, rect in chosen.items():
        centres.add((rect.x, rect.y), _Thing(ON_LABEL, index))
    reach = max((max(rect.width, rect.height) for rect in chosen.values()), default=0.0) / 2 + 2.0

    def crowding(rect: Rect, index: int) -> float:
        near = (thing.index for thing in centres.within(rect, reach))
        return sum(ON_LABEL * rect.overlaps(chosen[other], 2.0) for other in near if other != index)

    for _ in range(SWEEPS):
        moved = False
        for index, spots in offers.items():
            _, best = min(((c + crowding(r, index), k) for k, (c, r) in enumerate(spots)))
            old, new = chosen[index], spots[best][1]
            if new != old:
                moved = True
                chosen[index] = new
                centres.remove((old.x, old.y), _Thing(ON_LABEL, index))
                centres.add((new.x, new.y), _Thing(ON_LABEL, index))
        if not moved:
            break
    return chosen


def _crowd(geometry: Geometry, taken: Iterable[Rect]) -> _Crowd:
    crowd = _Crowd()
    for index, curve in enumerate(geometry.curves):
        for point in curve.sample(STEPS):
            crowd.add(point, _Thing(ON_CURVE, index))
        end = curve.points[-1]
        for part in (0.0, 0.5, 1.0):
            point = (
                end[0] + part * (curve.tip[0] - end[0]),
                end[1] + part * (curve.tip[1] - end[1]),
            )
            crowd.add(point, _Thing(ON_ARROW, index))
    for index, rect in enumerate([*(geometry.rects[n] for n in sorted(geometry.rects)), *taken]):
        for point in _outline(rect):
            crowd.add(point, _Thing(ON_BOX, index))
    return crowd


def _outline(rect: Rect) -> Iterator[Point]:
    across, along = max(2, int(rect.width // 5)), max(2, int(rect.height // 5))
    for step in range(across + 1):
        x = rect.left + rect.width * step / across
        yield x, rect.top
        yield x, rect.bottom
    for step in range(along + 1):
        y = rect.bottom + rect.height * step / along
        yield rect.left, y
        yield rect.right, y


def _spots(curve: Curve, size: Size) -> Iterator[tuple[float, Rect]]:
    width, height = size
    points = [*curve.sample(STEPS), curve.tip]
    lengths = list(accumulate((math.dist(a, b) for a, b in pairwise(points)), initial=0.0))
    for (x, y), length in zip(points, lengths, strict=True):
        part = length / lengths[-1]
        if not 0.05 < part < 0.95:
            continue
        aside = OFF_MIDDLE * abs(part - 0.5)
        for shift in SHIFTS:
            yield aside + OFF_CURVE * abs(shift), Rect(x + shift * width, y, width, height)


def _covered(rect: Rect, own: int, crowd: _Crowd) -> float:
    return sum(
        thing.kind
        for thing in crowd.within(rect, 1.5)
        if not (thing.kind == ON_CURVE and thing.index == own)
    )
