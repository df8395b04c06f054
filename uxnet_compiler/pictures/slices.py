"""Draw slices of an image with label maps on it: reference and segmentation side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from uxnet_compiler.data.grid import Grid
from uxnet_compiler.data.images import Image
from uxnet_compiler.files import replacing

# Okabe and Ito's colours, which colour-blind readers can tell apart; labels beyond them repeat.
COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442")
PANEL_INCHES = 2.6
DOTS_PER_INCH = 150

Scalar = TypeVar("Scalar", bound=np.generic)


def draw_slices(
    image: Image, maps: Mapping[str, NDArray[np.int16]], labels: Sequence[str], path: Path
) -> None:
    """Draw the image alone, then under each label map, in a slice across each axis.

    The slices are those where the first map has most labels, then most of them. Voxels have
    their true proportions, and the body lies as radiologists see it: front and head up.

    Shape:
        maps  (D, H, W) or (H, W) each, on the image's grid

    Args:
        image: Its first channel is drawn.
        maps: Title and label map of each further column.
        labels: Name of every label value, background first.
        path: PNG to write.

    Raises:
        RunError: The folder cannot be written.
    """
    picture = upright(windowed(image.array[0]), image.grid)
    drawn = {title: upright(labelled, image.grid) for title, labelled in maps.items()}
    first = next(iter(drawn.values()))
    axes = range(3) if first.ndim == 3 else [None]
    places = [None if axis is None else (axis, fullest(first, axis)) for axis in axes]
    columns = 1 + len(maps)
    heights = [_height(cut(picture, place), aspect_of(image.spacing, place)) for place in places]
    figure = Figure(
        figsize=(PANEL_INCHES * columns, PANEL_INCHES * sum(heights) + 0.6), layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(places), columns, squeeze=False, height_ratios=heights)
    for row, place in zip(panels, places, strict=True):
        aspect = aspect_of(image.spacing, place)
        for panel, (title, labelled) in zip(row, [("image", None), *drawn.items()], strict=True):
            if place is places[0]:
                panel.set_title(title, fontsize=11)
            _draw(panel, cut(picture, place), aspect)
            if labelled is not None:
                _colour(panel, cut(labelled, place), aspect, len(labels))
    handles = [
        Patch(color=_colour_of(value), label=labels[value]) for value in range(1, len(labels))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    with replacing(path) as draft:
        figure.savefig(draft, format="png", dpi=DOTS_PER_INCH)


def windowed(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map all but the darkest and brightest percent to 0..1."""
    low, high = np.percentile(channel, (1, 99))
    scaled: NDArray[np.float32] = np.clip((channel - low) / max(float(high - low), 1e-9), 0, 1)
    return scaled


def upright(volume: NDArray[Scalar], grid: Grid) -> NDArray[Scalar]:
    """Flip the axes that run against ITK's: towards the left, the back and the head.

    Shape:
        volume, out  (D, H, W) or (H, W)
    """
    size = len(grid.size)
    backwards = [axis for axis in range(volume.ndim) if grid.direction[axis * (size + 1)] < 0]
    # Axes of an array are in the reverse order of a grid's; a single slice has no D.
    return np.flip(volume, tuple(volume.ndim - 1 - axis for axis in backwards))


def _height(plane: NDArray[np.generic], aspect: float) -> float:
    """Return the height of a panel that is one wide, at most two."""
    rows, columns = plane.shape
    return min(2.0, float(rows * aspect / columns))


def fullest(labelled: NDArray[np.int16], axis: int) -> int:
    """Return the slice across an axis with most labels, then most of them."""
    slices = np.moveaxis(labelled, axis, 0)
    return max(
        range(len(slices)), key=lambda at: (np.unique(slices[at]).size, (slices[at] > 0).sum())
    )


def cut(volume: NDArray[Scalar], place: tuple[int, int] | None) -> NDArray[Scalar]:
    """Return a slice as it is seen, rows from the top down: axis and index, None in 2-D."""
    if place is None:
        return volume
    axis, at = place
    plane: NDArray[Scalar] = np.moveaxis(volume, axis, 0)[at]
    # D counts from the feet up, rows of a picture from the top down.
    return plane if axis == 0 else plane[::-1]


def aspect_of(spacing: tuple[float, ...], place: tuple[int, int] | None) -> float:
    """Return how much higher than wide a pixel of such a slice is."""
    if place is None:
        return spacing[0] / spacing[1]
    rows, columns = (length for axis, length in enumerate(spacing) if axis != place[0])
    return rows / columns


def _draw(panel: Axes, plane: NDArray[np.generic], aspect: float) -> None:
    panel.imshow(plane, cmap="gray", vmin=0, vmax=1, aspect=aspect, interpolation="nearest")
    panel.set_axis_off()


def _colour(panel: Axes, plane: NDArray[np.generic], aspect: float, count: int) -> None:
    colours = ListedColormap(["none", *(_colour_of(value) for value in range(1, count))])
    panel.imshow(
        plane,
        cmap=colours,
        vmin=0,
        vmax=count - 1,
        aspect=aspect,
        alpha=0.65,
        interpolation="nearest",
    )


def _colour_of(value: int) -> str:
    return COLOURS[(value - 1) % len(COLOURS)]
