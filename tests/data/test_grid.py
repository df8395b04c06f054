"""Where the voxels of an image lie."""

from __future__ import annotations

import numpy as np

from uxnet_compiler.data.grid import Grid

VOLUME = Grid((7, 6, 5), (0.5, 1.0, 3.0), (1.0, 2.0, 3.0), tuple(np.eye(3).ravel().tolist()))
SLICE = Grid((7, 6, 1), (0.5, 1.0, 3.0), (1.0, 2.0, 3.0), tuple(np.eye(3).ravel().tolist()))
PICTURE = Grid((7, 6), (0.5, 1.0), (1.0, 2.0), (1.0, 0.0, 0.0, 1.0))


def test_arrays_have_the_axes_the_other_way_round() -> None:
    assert (VOLUME.shape, VOLUME.array_spacing) == ((5, 6, 7), (3.0, 1.0, 0.5))
    assert (SLICE.shape, SLICE.array_spacing) == ((6, 7), (1.0, 0.5))
    assert (PICTURE.shape, PICTURE.array_spacing) == ((6, 7), (1.0, 0.5))


def test_equal_grids_have_no_difference() -> None:
    assert VOLUME.difference(VOLUME) is None


def test_a_picture_and_a_single_slice_are_compared_by_their_size() -> None:
    assert SLICE.difference(PICTURE) is None
    assert PICTURE.difference(VOLUME) == "size (5, 6, 7) instead of (6, 7)"
