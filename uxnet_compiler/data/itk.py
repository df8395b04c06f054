"""Read image files and DICOM folders with SimpleITK, so that every failure is one clear line.

ITK reads several kinds of damaged files without a word; they are refused here.
"""

# mypy: disallow-untyped-calls=False
# SimpleITK has no type annotations.

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its documentation uses

from uxnet_compiler.data import nifti, photos, streams
from uxnet_compiler.errors import DataError

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_ORIGIN_OF_ERROR = re.compile(r"^(sitk::ERROR:|ITK ERROR:|Reason:|\w+\(0x[0-9a-f]+\):)\s*")


def read(path: Path) -> Any:
    """Read a file, or a folder that holds one DICOM series, into a SimpleITK image.

    Raises:
        DataError: Nothing is there, the file is unreadable or damaged, or slices are missing.
    """
    try:
        path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if path.is_dir():
        return _read_series(path)
    if nifti.is_nifti(path):
        nifti.check_voxels(path)
    with one_line(path, "not a readable image"):
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        streams.check_whole(path, reader)
        if path.suffix.lower() in PICTURES:
            photos.check(path)
        picture = reader.Execute()
        if _is_plane(path, reader):
            picture.SetSpacing((1.0, 1.0))
            picture.SetOrigin((0.0, 0.0))
        return picture


def _is_plane(path: Path, reader: Any) -> bool:
    """Say whether a file is a 2-D picture: what it tells of dots per inch is for printers."""
    return path.suffix.lower() in PICTURES and reader.GetDimension() == 2


def read_size(path: Path) -> tuple[tuple[int, ...], tuple[float, ...], int]:
    """Return size, spacing and numbers per voxel of what `read` would return; no voxel is read.

    Raises:
        DataError: Nothing is there, or the header cannot be read.
    """
    try:
        path.stat()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if nifti.is_nifti(path) and path.is_file():
        nifti.read_header(path)
    slices = 1
    with one_line(path, "not a readable image"):
        names = [str(path)]
        if path.is_dir():
            names = list(_slices(path))
            slices = len(names)
        reader = sitk.ImageFileReader()
        reader.SetFileName(names[0])
        reader.ReadImageInformation()
        size, spacing = reader.GetSize(), reader.GetSpacing()
        if _is_plane(path, reader):
            spacing = (1.0, 1.0)
        if slices > 1:
            last = sitk.ImageFileReader()
            last.SetFileName(names[-1])
            last.ReadImageInformation()
            way_mm = np.linalg.norm(np.subtract(last.GetOrigin(), reader.GetOrigin()))
            size = (*size[:2], slices)
            spacing = (*spacing[:2], max(float(way_mm), 1e-6) / (slices - 1))
        return tuple(size), tuple(spacing), reader.GetNumberOfComponents()


def _slices(folder: Path) -> Sequence[str]:
    """Return the files of the one DICOM series in a folder, in order."""
    series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    if len(series) != 1:
        found = "no DICOM series" if not series else f"{len(series)} DICOM series"
        raise DataError(f"{folder}: {found} in this folder; exactly one is needed")
    names: Sequence[str] = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series[0])
    return names


def _read_series(folder: Path) -> Any:
    with one_line(folder, "not a readable DICOM series"):
        names = _slices(folder)
        _check_every_slice(folder, {Path(name).name for name in names})
        _check_steps(folder, names)
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(names)
        return reader.Execute()


def _check_steps(folder: Path, names: Sequence[str]) -> None:
    """Refuse a series with a gap: ITK spreads the slices that are there evenly over it."""
    positions = []
    for name in names:
        reader = sitk.ImageFileReader()
        reader.SetFileName(name)
        reader.ReadImageInformation()
        positions.append(reader.GetOrigin())
    steps_mm = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    if len(steps_mm) > 1 and np.ptp(steps_mm) > 0.1 * np.median(steps_mm):  # less is rounding
        raise DataError(
            f"{folder}: slices are missing, repeated or unevenly spaced ({steps_mm.min():.3g} to "
            f"{steps_mm.max():.3g} mm); a series needs every slice once"
        )


def _check_every_slice(folder: Path, used: set[str]) -> None:
    """Refuse a series with a damaged slice: GDCM leaves it out without a word."""
    for path in sorted(folder.iterdir()):
        if path.name in used or path.name.startswith("._") or path.name == "DICOMDIR":
            continue
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(132)
            if head[128:] == b"DICM":
                raise DataError(f"{path}: damaged DICOM file; copy or download the series again")


@contextmanager
def one_line(path: Path, problem: str) -> Iterator[None]:
    """Retell ITK's exceptions of many lines as one, and keep its warnings off the terminal."""
    _QUIET.enter()
    try:
        yield
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[-1].replace(f"{path}{os.sep}", "")
        while match := _ORIGIN_OF_ERROR.match(reason):
            reason = reason[match.end() :]
        if reason.startswith("Unknown PixelType") and path.suffix.lower() in PICTURES:
            reason = photos.NOT_GRAY
        raise DataError(f"{path}: {problem}: {reason}") from None
    finally:
        _QUIET.leave()


class _Quiet:
    """Keep ITK's warnings, which are switched for the whole process, off while any thread reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._shown = True

    def enter(self) -> None:
        """Count a reader in; the first switches the warnings off."""
        with self._lock:
            if not self._readers:
                self._shown = sitk.ProcessObject.GetGlobalWarningDisplay()
                sitk.ProcessObject.SetGlobalWarningDisplay(False)
            self._readers += 1

    def leave(self) -> None:
        """Count a reader out; the last leaves the warnings as they were."""
        with self._lock:
            self._readers -= 1
            if not self._readers:
                sitk.ProcessObject.SetGlobalWarningDisplay(self._shown)


_QUIET = _Quiet()
