"""Slices with label maps on them: the right ones, the right way up, in true proportions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from uxnet_compiler.data.grid import Grid
from uxnet_compiler.data.images import Image
from uxnet_compiler.pictures.slices import COLOURS, draw_slices

LABELS = ("background", "organ", "lesion")


def image(shape: tuple[int, ...], direction: tuple[float, ...]) -> Image:
    spacing = (1.0,) * len(shape)
    grid = Grid(shape[::-1], spacing, (0.0,) * len(shape), direction)
    return Image(np.zeros((1, *shape), np.float32), spacing, grid)


def coloured(path: Path, value: int) -> tuple[float, float]:
    """Return where the voxels of a label lie: centre of mass from the top and the left, 0 to 1."""
    pixels = imread(path)[..., :3]
    # Labels are drawn at 65 % over a black image.
    near = np.abs(pixels - 0.65 * np.array(to_rgb(COLOURS[value - 1]))).max(-1) < 0.02
    rows, columns = np.nonzero(near)
    assert rows.size, f"label {value} is not drawn"
    return float(rows.mean() / pixels.shape[0]), float(columns.mean() / pixels.shape[1])


@pytest.mark.parametrize(("y_axis", "half"), [(1.0, "top"), (-1.0, "bottom")])
def test_what_lies_in_front_is_drawn_on_top(y_axis: float, half: str, tmp_path: Path) -> None:
    labelled = np.zeros((8, 8), np.int16)
    labelled[1, 4] = 1
    path = tmp_path / "slices.png"

    draw_slices(image((8, 8), (1, 0, 0, y_axis)), {"reference": labelled}, LABELS, path)

    row, column = coloured(path, 1)
    assert ("top" if row < 0.45 else "bottom") == half
    assert column > 0.5  # behind the plain image


def test_the_slices_with_the_most_labels_are_drawn(tmp_path: Path) -> None:
    labelled = np.zeros((6, 6, 6), np.int16)
    labelled[1, :, :] = 1
    labelled[4, 2, 2] = 1
    labelled[4, 3, 3] = 2
    path = tmp_path / "slices.png"

    draw_slices(
        image((6, 6, 6), (1, 0, 0, 0, 1, 0, 0, 0, 1)), {"reference": labelled}, LABELS, path
    )

    assert coloured(path, 2)[0] < 0.9
    first_row = imread(path)[: imread(path).shape[0] // 3, :, :3]
    organ = 0.65 * np.array(to_rgb(COLOURS[0]))
    share = (np.abs(first_row - organ).max(-1) < 0.02).mean()
    assert share < 0.1  # one voxel of slice 4, not all of slice 1


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    given = image((6, 6, 6), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    labelled = np.ones((6, 6, 6), np.int16)

    draw_slices(given, {"reference": labelled}, LABELS, tmp_path / "a.png")
    draw_slices(given, {"reference": labelled}, LABELS, tmp_path / "b.png")

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
