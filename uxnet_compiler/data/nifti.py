"""Read and replace the geometry in a NIfTI header, byte for byte.

ITK turns a NIfTI orientation into doubles and back into the header's single-precision numbers,
which moves an oblique orientation by about 1e-7 and forgets which space (`qform_code`,
`sform_code`) it was given in. A label map that has to lie exactly on its image's grid therefore
carries the header fields of that image.

Source: the NIfTI-1 and NIfTI-2 headers, nifti1.h and nifti2.h (public domain).
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path

from uxnet_compiler.errors import DataError

SUFFIXES = (".nii", ".nii.gz")
_NIFTI1_BYTES = 348
_NIFTI2_BYTES = 540
_FIELDS = ((76, "4f"), (123, "B"), (252, "2h18f"))  # pixdim[0:4]; xyzt_units; qform, sform


@dataclass(frozen=True)
class NiftiGeometry:
    """Where the voxels of a NIfTI-1 file lie, as the numbers of its header, field by field."""

    fields: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class NiftiHeader:
    """The parts of a NIfTI header that say how long the file is and where its voxels lie."""

    num_bytes: int
    geometry: NiftiGeometry | None


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
            raw = file.read(_NIFTI2_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {_reason(error)}") from None
    if len(raw) >= _NIFTI1_BYTES:
        for order in "<>":
            (size,) = struct.unpack_from(f"{order}i", raw)
            if size == _NIFTI1_BYTES:
                return _nifti1(raw, order)
            if size == _NIFTI2_BYTES and len(raw) >= _NIFTI2_BYTES:
                return _nifti2(raw, order)
    raise DataError(f"{path}: not a NIfTI file, or cut short in its header")


def check_whole(path: Path) -> None:
    """Refuse a NIfTI file that ends early or whose compressed stream is damaged.

    ITK itself fills up what is missing with zeros and says nothing.

    Raises:
        DataError: Bytes are missing, or the gzip stream breaks off or fails its checksum.
    """
    expected = read_header(path).num_bytes
    found = 0
    try:
        with open_image(path) as file:
            while block := file.read(1 << 20):
                found += len(block)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip stream: {_reason(error)}") from None
    if found < expected:
        raise DataError(
            f"{path}: cut short, {found} bytes of {expected}; copy or download the file again"
        )


def with_geometry(raw: bytes, geometry: NiftiGeometry) -> bytes:
    """Return an uncompressed little-endian NIfTI-1 file with another file's geometry."""
    patched = bytearray(raw)
    for (offset, layout), values in zip(_FIELDS, geometry.fields, strict=True):
        struct.pack_into(f"<{layout}", patched, offset, *values)
    return bytes(patched)


def _nifti1(raw: bytes, order: str) -> NiftiHeader:
    dim = struct.unpack_from(f"{order}8h", raw, 40)
    (bitpix,) = struct.unpack_from(f"{order}h", raw, 72)
    (offset,) = struct.unpack_from(f"{order}f", raw, 108)
    fields = tuple(struct.unpack_from(f"{order}{layout}", raw, at) for at, layout in _FIELDS)
    start = int(offset) if 0 <= offset < 2**31 else 0  # NaN and nonsense are left to ITK
    return NiftiHeader(_num_bytes(dim, bitpix, start), NiftiGeometry(fields))


def _nifti2(raw: bytes, order: str) -> NiftiHeader:
    (bitpix,) = struct.unpack_from(f"{order}h", raw, 14)
    dim = struct.unpack_from(f"{order}8q", raw, 16)
    (offset,) = struct.unpack_from(f"{order}q", raw, 168)
    return NiftiHeader(_num_bytes(dim, bitpix, offset), None)


def _num_bytes(dim: tuple[int, ...], bitpix: int, offset: int) -> int:
    axes = dim[1 : 1 + min(max(dim[0], 0), 7)]
    return offset + prod(max(axis, 1) for axis in axes) * bitpix // 8


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the stream ends early"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())
