"""Slices of a case with the outlines of its reference and of a segmentation, ready for a page."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from uxnet_compiler.data.images import Image
from uxnet_compiler.pages.report.outline import outline
from uxnet_compiler.pictures.slices import aspect_of, cut, fullest, upright, windowed

PLANES = ("axial", "coronal", "sagittal")  # across D, H, W
MARGIN = 10  # voxels around the labels
LARGEST = 160  # pixels of a side; more are left out
SHEET = 300_000  # pixels of all slices of a plane together


@dataclass(frozen=True)
class Plane:
    """All slices across one axis.

    Attributes:
        name: Of the plane; empty in 2-D.
        sheet: The slices side by side, as `data:` URL of a grey PNG.
        columns: Slices in a row of the sheet.
        width: Pixels of a slice.
        height: Pixels of a slice.
        aspect: How much higher than wide a pixel is.
        start: Slice to show first.
        places: Number of each slice in the image, from 1 on.
        truth: Outlines in the reference: per slice, per label.
        found: Outlines in the segmentation, likewise.
    """

    name: str
    sheet: str
    columns: int
    width: int
    height: int
    aspect: float
    start: int
    places: tuple[int, ...]
    truth: tuple[tuple[str, ...], ...]
    found: tuple[tuple[str, ...], ...]

    @property
    def rows(self) -> int:
        """Rows of slices in the sheet."""
        return -(-len(self.places) // self.columns)


@dataclass(frozen=True)
class Overlay:
    """One case: how it is called here, and its planes.

    Attributes:
        title: `worst: case 3`.
        dice: Mean over the labels.
        scores: Dice by label.
        planes: Three, or one in 2-D.
    """

    title: str
    dice: float
    scores: tuple[tuple[str, float], ...]
    planes: tuple[Plane, ...]


def planes_of(
    image: Image, truth: NDArray[np.int16], found: NDArray[np.int16], labels: Sequence[str]
) -> tuple[Plane, ...]:
    """Cut a case into slices around its labels; the body lies as radiologists see it.

    Shape:
        truth, found  (D, H, W) or (H, W), on the image's grid

    Args:
        image: Its first channel is shown.
        truth: The reference.
        found: The segmentation.
        labels: Name of every label value, background first.
    """
    seen = upright(windowed(image.array[0]), image.grid)
    references, segmented = upright(truth, image.grid), upright(found, image.grid)
    box = _around(references, segmented)
    maps = (references[box], segmented[box])
    grey = np.rint(255 * seen[box]).astype(np.uint8)
    if grey.ndim == 2:
        return (_plane("", grey, maps, None, 0, image.spacing, len(labels)),)
    return tuple(
        _plane(PLANES[axis], grey, maps, axis, box[axis].start, image.spacing, len(labels))
        for axis in range(3)
    )


def _around(truth: NDArray[np.int16], found: NDArray[np.int16]) -> tuple[slice, ...]:
    """Return the box around all labels, with a margin; everything where there are none."""
    used = np.argwhere((truth > 0) | (found > 0))
    if not len(used):
        return tuple(slice(0, size) for size in truth.shape)
    low, high = used.min(axis=0) - MARGIN, used.max(axis=0) + 1 + MARGIN
    return tuple(
        slice(max(0, int(a)), min(size, int(b)))
        for a, b, size in zip(low, high, truth.shape, strict=True)
    )


def _plane(
    name: str,
    grey: NDArray[np.uint8],
    maps: Sequence[NDArray[np.int16]],
    axis: int | None,
    offset: int,
    spacing: tuple[float, ...],
    num_classes: int,
) -> Plane:
    chosen = [None] if axis is None else _chosen(grey, maps[0], axis)
    places = [None if at is None or axis is None else (axis, at) for at in chosen]
    thin = -(-max(cut(grey, places[0]).shape) // LARGEST)
    slices = [cut(grey, place)[::thin, ::thin] for place in places]
    truth, found = (
        tuple(_outlines(cut(each, place)[::thin, ::thin], num_classes) for place in places)
        for each in maps
    )
    height, width = slices[0].shape
    columns = math.ceil(math.sqrt(len(slices) * height / width))
    start = 0 if axis is None else _nearest(chosen, fullest(maps[0], axis))
    return Plane(
        name=name,
        sheet=_sheet(slices, columns),
        columns=columns,
        width=width,
        height=height,
        aspect=round(aspect_of(spacing, places[0]), 4),
        start=start,
        places=tuple(1 if at is None else at + offset + 1 for at in chosen),
        truth=truth,
        found=found,
    )


def _chosen(grey: NDArray[np.uint8], truth: NDArray[np.int16], axis: int) -> list[int]:
    """Return the slices that a sheet has room for, evenly, the fullest one among them."""
    count = grey.shape[axis]
    pixels = grey.size // count
    thin = -(-max(size for at, size in enumerate(grey.shape) if at != axis) // LARGEST)
    step = max(1, math.ceil(count * (pixels // thin**2) / SHEET))
    return list(range(fullest(truth, axis) % step, count, step))


def _nearest(places: Sequence[int | None], wanted: int) -> int:
    return min(range(len(places)), key=lambda at: abs((places[at] or 0) - wanted))


def _outlines(labelled: NDArray[np.int16], num_classes: int) -> tuple[str, ...]:
    return tuple(outline(labelled == value) for value in range(1, num_classes))


def _sheet(slices: Sequence[NDArray[np.uint8]], columns: int) -> str:
    height, width = slices[0].shape
    sheet = np.zeros((-(-len(slices) // columns) * height, columns * width), np.uint8)
    for at, plane in enumerate(slices):
        row, column = divmod(at, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = plane
    file = io.BytesIO()
    Picture.fromarray(sheet).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
