"""Find the spot on each curve where its label disturbs least."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from uxnet_compiler.pictures.geometry import Geometry, Size
from uxnet_compiler.pictures.shapes import Curve, Point, Rect

SWEEPS = 6
STEPS = 48  # points per piece of a curve
CLEARANCE, LABEL_CLEARANCE = 1.5, 2.0

# What a label may cover, dearest first.
ON_BOX, ON_LABEL, ON_ARROW, ON_CURVE, OFF_MIDDLE, OFF_CURVE = 1000.0, 60.0, 8.0, 2.0, 1.5, 1.0
SHIFTS = (0.0, -0.32, 0.32)  # of a label along its curve's crossing, in widths

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Crowd:
    """Points of all that a label may cover: parts of boxes, of curves and of arrow heads.

    Attributes:
        points: A row for each, those of one thing behind each other.
        thing: Number of the thing that each point is part of.
        prices: What it costs to cover a thing.
        curves: Number of the thing that each curve is, in the order of the curves.
    """

    points: Numbers
    thing: NDArray[np.intp]
    prices: Numbers
    curves: tuple[int, ...]

    def covered(self, spots: Numbers, size: Size, own: int) -> Numbers:
        """Return what each spot costs a label of that size that lies on the curve `own`."""
        reach = (size[0] / 2 + CLEARANCE, size[1] / 2 + CLEARANCE)
        (left, bottom), (right, top) = spots.min(axis=0) - reach, spots.max(axis=0) + reach
        x, y = self.points.T
        near = np.flatnonzero((x > left) & (x < right) & (y > bottom) & (y < top))
        if not near.size:
            return np.zeros(len(spots))
        hit = np.abs(spots[:, :1] - x[near]) < reach[0]
        hit &= np.abs(spots[:, 1:] - y[near]) < reach[1]
        things, starts = np.unique(self.thing[near], return_index=True)
        prices = np.where(things == self.curves[own], 0.0, self.prices[things])
        covered: Numbers = np.logical_or.reduceat(hit, starts, axis=1) @ prices
        return covered


def place_labels(geometry: Geometry, taken: Iterable[Rect] = ()) -> dict[int, Rect]:
    """Return a place for the label of every link that has one, by the link's index.

    Each label lies on its own curve. It must not touch a box, should not touch another label and
    covers as few other curves as possible; a few sweeps let labels give way to each other. `taken`
    are more places that it must not touch.
    """
    labelled = [index for index, size in enumerate(geometry.label_sizes) if size[0]]
    if not labelled:
        return {}
    crowd = _crowd(geometry, taken)
    sizes = np.array([geometry.label_sizes[index] for index in labelled])
    spots, costs = [], []
    for index, size in zip(labelled, sizes, strict=True):
        found = np.array(list(_spots(geometry.curves[index], size[0])))
        spots.append(found[:, 1:])
        costs.append(found[:, 0] + crowd.covered(found[:, 1:], tuple(size), index))
    chosen = [int(np.argmin(cost)) for cost in costs]
    centres = np.array([places[at] for places, at in zip(spots, chosen, strict=True)])
    for _ in range(SWEEPS):
        moved = False
        for label, places in enumerate(spots):
            reach = (sizes[label] + sizes) / 2 + LABEL_CLEARANCE
            meet = np.abs(places[:, :1] - centres[:, 0]) < reach[:, 0]
            meet &= np.abs(places[:, 1:] - centres[:, 1]) < reach[:, 1]
            meet[:, label] = False
            best = int(np.argmin(costs[label] + ON_LABEL * meet.sum(axis=1)))
            if best != chosen[label]:
                moved = True
                chosen[label], centres[label] = best, places[best]
        if not moved:
            break
    return {
        index: Rect(float(x), float(y), *geometry.label_sizes[index])
        for index, (x, y) in zip(labelled, centres, strict=True)
    }


def _crowd(geometry: Geometry, taken: Iterable[Rect]) -> _Crowd:
    things: list[tuple[float, list[Point]]] = []
    curves = []
    for curve in geometry.curves:
        curves.append(len(things))
        things.append((ON_CURVE, curve.sample(STEPS)))
        (x0, y0), (x1, y1) = curve.points[-1], curve.tip
        head = [(x0 + part * (x1 - x0), y0 + part * (y1 - y0)) for part in (0.0, 0.5, 1.0)]
        things.append((ON_ARROW, head))
    boxes = (*(geometry.rects[name] for name in sorted(geometry.rects)), *taken)
    things += [(ON_BOX, list(_outline(rect))) for rect in boxes]
    return _Crowd(
        points=np.array([point for _, points in things for point in points]),
        thing=np.repeat(np.arange(len(things)), [len(points) for _, points in things]),
        prices=np.array([price for price, _ in things]),
        curves=tuple(curves),
    )


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


def _spots(curve: Curve, width: float) -> Iterator[tuple[float, float, float]]:
    """Yield how little each place on a curve is liked, and where it is."""
    pieces = len(curve.points) // 3
    points = [*curve.sample(STEPS if pieces == 1 else STEPS // 2), curve.tip]
    lengths = list(accumulate((math.dist(a, b) for a, b in pairwise(points)), initial=0.0))
    for (x, y), length in zip(points, lengths, strict=True):
        part = length / lengths[-1]
        if not 0.05 < part < 0.95:
            continue
        aside = OFF_MIDDLE * abs(part - 0.5)
        for shift in SHIFTS:
            yield aside + OFF_CURVE * abs(shift), x + shift * width, y
