from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image as Picture

from uxnet_compiler.data.grid import Grid
from uxnet_compiler.data.images import Image
from uxnet_compiler.pages.report.overlays import LARGEST, SHEET, Plane, planes_of
from uxnet_compiler.pages.report.predictions import pick

LABELS = ("background", "ball")


def image_of(array: np.ndarray, spacing: tuple[float, ...]) -> Image:
    dims = array.ndim
    identity = tuple(float(i == j) for i in range(dims) for j in range(dims))
    grid = Grid(array.shape[::-1], spacing[::-1], (0.0,) * dims, identity)
    return Image(array[None].astype(np.float32), spacing, grid)


def slices(plane: Plane) -> np.ndarray:
    """Return the slices in the sheet of a plane, one after the other."""
    data = base64.b64decode(plane.sheet.removeprefix("data:image/png;base64,"))
    sheet = np.asarray(Picture.open(io.BytesIO(data)))
    rows = [
        sheet[at // plane.columns * plane.height :][
            : plane.height, at % plane.columns * plane.width :
        ][:, : plane.width]
        for at in range(len(plane.places))
    ]
    return np.stack(rows)


def test_three_planes_show_every_slice_around_the_labels() -> None:
    volume = np.random.default_rng(0).random((30, 40, 50))
    truth = np.zeros(volume.shape, np.int16)
    truth[12:15, 18:22, 20:30] = 1

    axial, coronal, sagittal = planes_of(image_of(volume, (3, 1, 2)), truth, truth, LABELS)

    assert axial.places == tuple(range(3, 26))
    assert (axial.width, axial.height) == (30, 24)
    assert (coronal.width, coronal.height) == (30, 23)
    assert (sagittal.width, sagittal.height) == (24, 23)
    assert (axial.aspect, coronal.aspect, sagittal.aspect) == (0.5, 1.5, 3.0)
    assert axial.places[axial.start] in {13, 14, 15}
    assert slices(axial).shape == (23, 24, 30)


def test_outlines_lie_where_the_labels_are() -> None:
    volume = np.zeros((4, 6, 8))
    truth, found = np.zeros((2, *volume.shape), np.int16)
    truth[2, 1:3, 4] = 1
    found[2, 1, 4] = 1

    axial = planes_of(image_of(volume, (1, 1, 1)), truth, found, LABELS)[0]

    assert axial.places[axial.start] == 3
    assert axial.truth[axial.start] == ("M4 1h1v2h-1z",)
    assert axial.found[axial.start] == ("M4 1h1v1h-1z",)
    assert axial.found[0] == ("",)


def test_a_flat_image_has_one_plane_of_one_slice() -> None:
    picture = np.random.default_rng(0).random((20, 30))
    truth = (picture > 0.9).astype(np.int16)

    (plane,) = planes_of(image_of(picture, (1, 1)), truth, truth, LABELS)

    assert (plane.name, plane.places) == ("", (1,))
    assert slices(plane).shape == (1, 20, 30)


def test_a_large_image_stays_within_its_budget() -> None:
    volume = np.random.default_rng(0).random((30, 200, 330))
    truth = np.ones(volume.shape, np.int16)

    for plane in planes_of(image_of(volume, (1, 1, 1)), truth, truth, LABELS):
        assert max(plane.width, plane.height) <= LARGEST
        assert plane.width * plane.height * len(plane.places) <= 1.1 * SHEET
        assert len(plane.truth) == len(plane.found) == len(plane.places)


def test_the_worst_the_median_and_the_best_case_are_picked() -> None:
    scores = [(f"case{number}", number / 10) for number in (3, 1, 5, 2, 4)]

    assert pick(scores) == [("worst", "case1"), ("median", "case3"), ("best", "case5")]


def test_few_cases_are_picked_once() -> None:
    assert pick([("a", 0.5)]) == [("worst", "a")]
    assert pick([("a", 0.5), ("b", 0.6)]) == [("worst", "a"), ("best", "b")]
