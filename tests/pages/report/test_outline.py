from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from uxnet_compiler.pages.report.outline import outline


def area(paths: str) -> int:
    """Return the area inside closed paths of level and upright steps; holes count against it."""
    total = 0
    for path in paths.split("z")[:-1]:
        start = re.match(r"M(\d+) (\d+)", path)
        assert start is not None
        x, y = int(start[1]), int(start[2])
        for way, length in re.findall(r"([hv])(-?\d+)", path):
            if way == "h":
                x += int(length)
            else:
                y += int(length)
                total += x * int(length)
    return total


def test_a_single_voxel_is_a_square() -> None:
    mask = np.zeros((3, 4), bool)
    mask[1, 2] = True

    assert outline(mask) == "M2 1h1v1h-1z"


def test_a_run_in_one_direction_is_one_step() -> None:
    assert outline(np.ones((2, 5), bool)) == "M0 0h5v2h-5z"


def test_nothing_has_no_outline() -> None:
    assert outline(np.zeros((3, 3), bool)) == ""


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.booleans()))
def test_the_outline_encloses_exactly_the_mask(mask: NDArray[np.bool_]) -> None:
    # Every closed path leaves out its last step; it is upright or level, and closes by `z`.
    paths = outline(mask)
    closed = re.sub(r"M(\d+) (\d+)([^z]*)z", _with_last_step, paths)

    assert area(closed) == mask.sum()


def _with_last_step(path: re.Match[str]) -> str:
    x = int(path[1]) - sum(int(n) for n in re.findall(r"h(-?\d+)", path[3]))
    y = int(path[2]) - sum(int(n) for n in re.findall(r"v(-?\d+)", path[3]))
    return f"M{path[1]} {path[2]}{path[3]}h{x - int(path[1])}v{y - int(path[2])}z"
