"""Read images and label maps, and write label maps back onto the very same grid.

Arrays are in the order D, H, W (SimpleITK's z, y, x) with the channels first. An image of one
slice is 2-D for the networks, whatever its file says; its grid remembers the file's own form.
"""

# mypy: disallow-untyped-calls=False
# SimpleITK has no type annotations.

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its documentation uses
from numpy.typing import NDArray

from uxnet_compiler.data import itk, nifti
from uxnet_compiler.data.grid import Grid
from uxnet_compiler.data.voxels import name_voxel, not_finite
from uxnet_compiler.errors import DataError
from uxnet_compiler.files import replacing

SUFFIXES = (*nifti.SUFFIXES, ".mha", ".mhd", ".nrrd", ".nhdr", ".dcm", *itk.PICTURES)
_LARGEST_LABEL = int(np.iinfo(np.int16).max)
_ROUNDING = 1e-3  # what scaling to short integers and back may add to a label value


@dataclass(frozen=True)
class Image:
    """An image with its channels first, and the grid that its label map has to lie on.

    Shape:
        array  (C, D, H, W) or (C, H, W), float32
    """

    array: NDArray[np.float32]
    spacing: tuple[float, ...]
    grid: Grid
    source: str = "image"

    @property
    def spatial_dims(self) -> int:
        """Count of spatial axes, 2 or 3."""
        return self.array.ndim - 1

    @property
    def num_channels(self) -> int:
        """Count of channels."""
        return int(self.array.shape[0])


def read_image(path: Path) -> Image:
    """Read one image: a file, or a folder that holds one DICOM series.

    Raises:
        DataError: Nothing is there, the file is unreadable or cut short, slices are missing, or
            voxels are NaN or infinite.
    """
    picture = itk.read(path)
    grid, array = _unpack(picture, path)
    with np.errstate(over="ignore"):  # a double beyond float32 is found as infinite below
        array = np.ascontiguousarray(array, dtype=np.float32)
    bad = ~np.isfinite(array)
    if bad.any():
        raise not_finite(path, int(bad.sum()), np.argwhere(bad)[0].tolist())
    return Image(array, grid.array_spacing, grid, str(path))


def read_label(
    path: Path,
    image: Image | None = None,
    num_classes: int | None = None,
    values: Sequence[int] | None = None,
) -> NDArray[np.int16]:
    """Read a label map, and check it against its image and the classes there are.

    A value within 0.001 of a whole number counts as that number.

    Args:
        path: The file.
        image: Its image, whose grid it has to lie on.
        num_classes: How many classes there are.
        values: What stands for each class in the file, where that is not its number.

    Shape:
        out  (D, H, W) or (H, W)

    Raises:
        DataError: The file is unreadable, lies on another grid than the image, or has a value
            that is no class.
    """
    grid, array = _unpack(itk.read(path), path)
    if image is not None and (difference := image.grid.difference(grid)) is not None:
        raise DataError(f"{path}: not on the grid of its image {image.source}: {difference}")
    if array.shape[0] in {3, 4} and is_picture(path) and not np.ptp(array[:3], axis=0).any():
        array = array[:1]  # gray that was saved as colours
    if array.shape[0] != 1:
        raise DataError(f"{path}: {array.shape[0]} channels; a label map has one value a voxel")
    found = _rounded(array[0])
    top = _LARGEST_LABEL if num_classes is None else num_classes - 1
    in_range = (found >= 0) & (found <= top)  # NaN is neither
    bad = ~(in_range if values is None else np.isin(found, values))
    if bad.any():
        first = np.argwhere(bad)[0]
        where = "" if num_classes is None else " of this data set"
        legals = f"the whole numbers 0 to {top}" if values is None else _listed(values)
        value = str(array[0][tuple(first)]).removesuffix(".0")
        raise DataError(
            f"{path}: label value {value} at {name_voxel(first)}, one of "
            f"{int(bad.sum())} such voxels; the labels{where} are {legals}"
        )
    if values is not None:
        found = np.searchsorted(values, found)
    return np.ascontiguousarray(found, dtype=np.int16)


def _rounded(array: NDArray[Any]) -> NDArray[Any]:
    """Round what is all but a whole number, and make NaN of every other value."""
    if np.issubdtype(array.dtype, np.integer):
        return array
    whole = np.rint(array)
    return np.where(np.isclose(array, whole, rtol=0, atol=_ROUNDING), whole, np.nan)


def _listed(values: Sequence[int]) -> str:
    return " and ".join(str(value) for value in values)


def write_label(
    labels: NDArray[np.int16], grid: Grid, path: Path, values: Sequence[int] | None = None
) -> None:
    """Write a label map on an image's grid, in the format that the file name asks for.

    A NIfTI label map of a NIfTI image gets the geometry of that image's header bit for bit; other
    pairs of formats agree to the precision of the format. `values` says what to write for each
    class, where that is not its number.

    Raises:
        DataError: The suffix names no image format that can be written.
    """
    assert labels.shape == grid.shape, (labels.shape, grid.shape)
    written = labels if values is None else np.asarray(values)[labels]
    written = written.astype(np.uint8 if written.size == 0 or written.max() <= 255 else np.int16)
    picture = sitk.GetImageFromArray(written.reshape(grid.size[::-1]))
    picture.SetSpacing(grid.spacing)
    picture.SetOrigin(grid.origin)
    picture.SetDirection(grid.direction)
    with replacing(path) as draft:
        if nifti.is_nifti(path):
            _write_nifti(picture, grid, draft)
        else:
            with itk.one_line(path, "cannot be written"):
                sitk.WriteImage(picture, str(draft), True)


def is_picture(path: Path) -> bool:
    """Say whether a file is a picture, such as PNG or JPEG, by its name."""
    return path.suffix.lower() in itk.PICTURES


def case_id(path: Path) -> str:
    """Return the name of an image file without its format's suffix."""
    name = path.name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def _write_nifti(picture: Any, grid: Grid, draft: Path) -> None:
    plain = draft.with_name("plain.nii")
    sitk.WriteImage(picture, str(plain))
    raw = plain.read_bytes()
    plain.unlink()
    if grid.nifti is not None:
        raw = nifti.with_geometry(raw, grid.nifti)
    zipped = draft.name.lower().endswith(".gz")
    draft.write_bytes(gzip.compress(raw, 6, mtime=0) if zipped else raw)


def _unpack(picture: Any, path: Path) -> tuple[Grid, NDArray[Any]]:
    """Split a SimpleITK image into its grid and its voxels, channels first."""
    dims = picture.GetDimension()
    array = sitk.GetArrayFromImage(picture)
    if np.iscomplexobj(array):
        raise DataError(f"{path}: complex voxels; real numbers are needed")
    if picture.GetNumberOfComponentsPerPixel() > 1:
        if dims == 4:
            raise DataError(f"{path}: both time and vector voxels; only one can be the channels")
        array = np.moveaxis(array, -1, 0)
    elif dims != 4:  # in a 4-D file, the last axis holds the channels
        array = array[None]
    if dims not in {2, 3, 4}:
        raise DataError(f"{path}: {dims} axes; 2-D, 3-D and 3-D with channels can be read")
    axes = min(dims, 3)
    direction = np.reshape(picture.GetDirection(), (dims, dims))[:axes, :axes]
    grid = Grid(
        picture.GetSize()[:axes],
        picture.GetSpacing()[:axes],
        picture.GetOrigin()[:axes],
        tuple(direction.ravel().tolist()),
        nifti.read_header(path).geometry if path.is_file() and nifti.is_nifti(path) else None,
    )
    return grid, array.reshape(array.shape[0], *grid.shape)
