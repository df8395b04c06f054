"""Check that MetaImage and NRRD files are whole before ITK reads them.

ITK decodes a damaged compressed stream into wrong voxels without a word, and prints to the
terminal when a plain one ends early. Detached headers (.mhd, .nhdr) and rare encodings are left
to ITK.
"""

# mypy: disallow-untyped-calls=False
# SimpleITK has no type annotations.

from __future__ import annotations

import re
import zlib
from math import prod
from pathlib import Path
from typing import Any

import SimpleITK as sitk  # noqa: N813 - the name that its documentation uses

from uxnet_compiler.errors import DataError

_METAIMAGE_END = re.compile(rb"ElementDataFile\s*=\s*LOCAL\s*?\n")
_METAIMAGE_ZIPPED = re.compile(rb"^CompressedData\s*=\s*True\s*$", re.MULTILINE)
_NRRD_END = re.compile(rb"\r?\n\r?\n")
_NRRD_ENCODING = re.compile(rb"^encoding:\s*(\w+)\s*$", re.MULTILINE)
_NRRD_ELSEWHERE = re.compile(rb"^(data ?file|line ?skip|byte ?skip):", re.MULTILINE)
_LARGEST_HEADER_BYTES = 1 << 16


def check_whole(path: Path, reader: Any) -> None:
    """Refuse a MetaImage or NRRD file whose voxels are cut short or damaged.

    Args:
        path: The file; other formats pass.
        reader: A SimpleITK file reader that has read the image information of the file.

    Raises:
        DataError: Voxels are missing, or the compressed stream breaks off or fails its checksum.
    """
    layout = _layout(path)
    if layout is None:
        return
    start, zipped = layout
    expected = _voxel_bytes(reader)
    found = _unzipped_bytes(path, start) if zipped else path.stat().st_size - start
    if found < expected:
        raise DataError(
            f"{path}: cut short, {found} bytes of voxels instead of {expected}; "
            "copy or download the file again"
        )


def lies_elsewhere(path: Path) -> bool:
    """Say whether a file's voxels may lie in another file, which its header names."""
    suffix = path.suffix.lower()
    if suffix not in {".mha", ".nrrd"}:
        return suffix in {".mhd", ".nhdr", ".hdr", ".img"}
    with path.open("rb") as file:
        head = file.read(_LARGEST_HEADER_BYTES)
    if suffix == ".mha":
        return _METAIMAGE_END.search(head) is None
    end = _NRRD_END.search(head)
    return end is None or _NRRD_ELSEWHERE.search(head[: end.start()]) is not None


def _layout(path: Path) -> tuple[int, bool] | None:
    """Find where the voxels start in the file, and whether they are compressed."""
    suffix = path.suffix.lower()
    if suffix not in {".mha", ".nrrd"}:
        return None
    with path.open("rb") as file:
        head = file.read(_LARGEST_HEADER_BYTES)
    end = (_METAIMAGE_END if suffix == ".mha" else _NRRD_END).search(head)
    if end is None:
        return None
    head = head[: end.start()]
    if suffix == ".mha":
        return end.end(), _METAIMAGE_ZIPPED.search(head) is not None
    encoding = _NRRD_ENCODING.search(head)
    if encoding is None or _NRRD_ELSEWHERE.search(head):
        return None
    if encoding[1] not in {b"raw", b"gzip", b"gz"}:
        return None
    return end.end(), encoding[1] != b"raw"


def _voxel_bytes(reader: Any) -> int:
    pixel_id = reader.GetPixelID()
    vector = "vector" in sitk.GetPixelIDValueAsString(pixel_id)
    # a complex number counts as one component of an image, and as two of a reader
    one = sitk.Image(
        [1] * reader.GetDimension(), pixel_id, reader.GetNumberOfComponents() if vector else 0
    )
    voxel = int(one.GetSizeOfPixelComponent()) * int(one.GetNumberOfComponentsPerPixel())
    return voxel * prod(int(size) for size in reader.GetSize())


def _unzipped_bytes(path: Path, start: int) -> int:
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # 32: a zlib or a gzip stream
    count = 0
    try:
        with path.open("rb") as file:
            file.seek(start)
            while not stream.eof and (block := file.read(1 << 20)):
                count += len(stream.decompress(block))
    except zlib.error as error:
        raise DataError(f"{path}: damaged compressed stream: {error}") from None
    if not stream.eof:
        raise DataError(f"{path}: the compressed stream ends early; copy or download it again")
    return count
