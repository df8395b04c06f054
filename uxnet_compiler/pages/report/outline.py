"""Trace the outlines of a mask along the borders of its voxels."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int]  # column, row


def outline(mask: NDArray[np.bool_]) -> str:
    """Return all outlines of a mask as closed paths in the notation of SVG.

    A unit is a voxel, and (0, 0) the upper left corner of the first one. The inside is to the
    right of the way, so holes run the other way round.

    Shape:
        mask  (H, W)
    """
    following = _borders(mask)
    paths = []
    while following:
        corner = start = min(following, key=lambda corner: (corner[1], corner[0]))
        corners = [start]
        while corner in following:
            ends = following[corner]
            following_corner = ends.pop()
            if not ends:
                del following[corner]
            corner = following_corner
            corners.append(corner)
        paths.append(_spell(corners))
    return "".join(paths)


def _borders(mask: NDArray[np.bool_]) -> dict[Corner, list[Corner]]:
    """Return from each corner on a border where the border leads."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    sides = (
        # neighbour outside, way along the border relative to the voxel's upper left corner
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    following: dict[Corner, list[Corner]] = defaultdict(list)
    for beside, (x0, y0), (x1, y1) in sides:
        for row, column in np.argwhere(inside & ~beside).tolist():
            following[column + x0, row + y0].append((column + x1, row + y1))
    return dict(following)


def _spell(corners: list[Corner]) -> str:
    """Write a closed way; a run in one direction is one step."""
    steps: list[tuple[str, int]] = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        way, length = ("h", x1 - x0) if y0 == y1 else ("v", y1 - y0)
        if steps and steps[-1][0] == way and (steps[-1][1] > 0) == (length > 0):
            steps[-1] = (way, steps[-1][1] + length)
        else:
            steps.append((way, length))
    x, y = corners[0]
    return f"M{x} {y}" + "".join(f"{way}{length}" for way, length in steps[:-1]) + "z"
