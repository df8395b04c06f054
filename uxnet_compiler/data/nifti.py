"""Read what ITK loses of a NIfTI file: its exact geometry, and what is wrong with its voxels.

ITK turns a NIfTI orientation into doubles and back into the header's single-precision numbers,
which moves an oblique orientation by about 1e-7 and forgets which space (`qform_code`,
`sform_code`) it was given in. A label map that has to lie exactly on its image's grid therefore
carries the header fields of that image.

Source: the NIfTI-1 header, nifti1.h (public domain).
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uxnet_compiler.data.voxels import not_finite
from uxnet_compiler.errors import DataError

SUFFIXES = (".nii", ".nii.gz")
_BLOCK_BYTES = 1 << 20  # a multiple of every voxel size
_NIFTI1_BYTES = 348
_NIFTI2_BYTES = 540
_FIELDS = ((76, "4f"), (123, "B"), (252, "2h18f"))  # pixdim[0:4]; xyzt_units; qform, sform


@dataclass(frozen=True)
class NiftiGeometry:
    """Where the voxels of a NIfTI-1 file lie, as the numbers of its header, field by field."""

    fields: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class NiftiHeader:
    """The parts of a NIfTI header that say which voxels follow it, and where they lie.

    `shape` is in the order of the file, x first; `real` is the type of floating-point voxels.
    """

    shape: tuple[int, ...]
    bits_per_voxel: int
    voxels_at: int
    real: np.dtype[np.floating[Any]] | None
    geometry: NiftiGeometry


def is_nifti(path: Path) -> bool:
    """Say whether a file is NIfTI by its name."""
    return path.name.lower().endswith(SUFFIXES)


def open_image(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """Open a file for reading, uncompressed on the fly when it starts like a gzip stream."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else path.open("rb")


def read_header(path: Path) -> NiftiHeader:
    """Read what a NIfTI header says about the length of the file and the place of its voxels.

    Raises:
        DataError: The file is not NIfTI, or its gzip stream is broken.
    """
    try:
        with open_image(path) as file:
            raw = file.read(_NIFTI1_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {_reason(error)}") from None
    if len(raw) >= _NIFTI1_BYTES:
        for order in "<>":
            (size,) = struct.unpack_from(f"{order}i", raw)
            if size == _NIFTI1_BYTES:
                return _nifti1(raw, order)
            if size == _NIFTI2_BYTES:
                raise DataError(f"{path}: NIfTI-2; convert it to NIfTI-1, which ITK can read")
    raise DataError(f"{path}: not a NIfTI file, or cut short in its header")


def check_voxels(path: Path) -> None:
    """Refuse a NIfTI file that ends early, is damaged, or has voxels that are no numbers.

    ITK itself makes zeros of what is missing, NaN or infinite, and says nothing.

    Raises:
        DataError: Bytes are missing, the gzip stream breaks off or fails its checksum, or voxels
            are NaN or infinite.
    """
    header = read_header(path)
    expected = header.voxels_at + prod(header.shape) * header.bits_per_voxel // 8
    found = num_bad = 0
    first_bad = None
    try:
        with open_image(path) as file:
            found += len(file.read(header.voxels_at))
            while block := file.read(_BLOCK_BYTES):
                if header.real is not None:
                    bad = np.flatnonzero(~np.isfinite(_numbers(block, header.real)))
                    if first_bad is None and len(bad):
                        start = (found - header.voxels_at) // header.real.itemsize
                        first_bad = start + int(bad[0])
                    num_bad += len(bad)
                found += len(block)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip stream: {_reason(error)}") from None
    if found < expected:
        raise DataError(
            f"{path}: cut short, {found} bytes of {expected}; copy or download the file again"
        )
    if first_bad is not None and first_bad < prod(header.shape):
        raise not_finite(path, num_bad, _index(header.shape, first_bad))


def with_geometry(raw: bytes, geometry: NiftiGeometry) -> bytes:
    """Return an uncompressed little-endian NIfTI-1 file with another file's geometry."""
    patched = bytearray(raw)
    for (offset, layout), values in zip(_FIELDS, geometry.fields, strict=True):
        struct.pack_into(f"<{layout}", patched, offset, *values)
    return bytes(patched)


def _nifti1(raw: bytes, order: str) -> NiftiHeader:
    dim = struct.unpack_from(f"{order}8h", raw, 40)
    datatype, bits = struct.unpack_from(f"{order}2h", raw, 70)
    (offset,) = struct.unpack_from(f"{order}f", raw, 108)
    start = int(offset) if 0 <= offset < 2**31 else 0  # NaN and nonsense are left to ITK
    fields = tuple(struct.unpack_from(f"{order}{layout}", raw, at) for at, layout in _FIELDS)
    return NiftiHeader(_shape(dim), bits, start, _real(datatype, order), NiftiGeometry(fields))


def _shape(dim: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(size, 1) for size in dim[1 : 1 + min(max(dim[0], 0), 7)])


def _real(datatype: int, order: str) -> np.dtype[np.floating[Any]] | None:
    name = {16: "f4", 64: "f8"}.get(datatype)
    return None if name is None else np.dtype(f"{order}{name}")


def _numbers(block: bytes, real: np.dtype[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return np.frombuffer(block, real, len(block) // real.itemsize)


def _index(shape: tuple[int, ...], flat: int) -> tuple[int, ...]:
    """Return channel and D, H, W of a voxel from its place in the file."""
    index = [int(at) for at in np.unravel_index(flat, shape[::-1])]
    spatial = index[-2:] if len(shape) == 2 or shape[2] == 1 else index[-3:]
    return (index[0] if len(shape) > 3 else 0, *spatial)


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the stream ends early"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())
