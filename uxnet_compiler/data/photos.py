"""Refuse pictures that ITK misreads: cut short, turned by a tag, or gray with more than that.

ITK makes up what is missing of a JPEG or BMP file, does not turn what a tag says to turn, and takes
the alpha of a gray TIFF file for pixels.

Source: ITU-T T.81 for the markers of JPEG, TIFF 6.0 for tags, CIPA DC-008 for those in JPEG (EXIF).
"""

from __future__ import annotations

import re
import struct
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from uxnet_compiler.errors import DataError

NOT_GRAY = "gray with alpha or other values; save it as gray or RGB"

# In coded pixels, FF 00 is the number FF, and FF D0 to FF D7 come at intervals.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
_END, _APPLICATION = b"\xd9", b"\xe1"
_EXIF = b"Exif\0\0"
_PHOTOMETRIC, _ORIENTATION, _SAMPLES = 262, 274, 277
_TURNED = range(2, 9)
_GRAY = (0, 1)


def check(path: Path) -> None:
    """Refuse a JPEG, BMP or TIFF file that ITK would misread without a word; others pass.

    Raises:
        DataError: It is cut short, an EXIF tag turns it, or it has several gray values a pixel.
    """
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start.startswith(b"\xff\xd8"):
            _check_jpeg(path, file.read())
        elif start.startswith(b"BM"):
            _check_bmp(path, int.from_bytes(start[2:], "little"))
        elif (tags := _tags(file)).get(_SAMPLES, 1) > 1 and tags.get(_PHOTOMETRIC) in _GRAY:
            raise DataError(f"{path}: {NOT_GRAY}")


def _check_jpeg(path: Path, raw: bytes) -> None:
    """Go from marker to marker: cameras append to the end, and put small pictures in between."""
    at = 2
    while marker := _MARKER.search(raw, at):
        if marker[1] == _END:
            return
        length = int.from_bytes(raw[marker.end() : marker.end() + 2], "big")
        at = marker.end() + length
        segment = raw[marker.end() + 2 : at]
        if marker[1] == _APPLICATION and segment.startswith(_EXIF):
            tags = _tags(BytesIO(segment.removeprefix(_EXIF)))
            if tags.get(_ORIENTATION) in _TURNED:
                raise DataError(f"{path}: turned by an EXIF tag; save it upright")
    raise DataError(f"{path}: cut short, the end is missing; copy or download the file again")


def _check_bmp(path: Path, expected: int) -> None:
    found = path.stat().st_size
    if found < expected:
        raise DataError(
            f"{path}: cut short, {found} bytes of {expected}; copy or download the file again"
        )


def _tags(file: BinaryIO) -> dict[int, int]:
    """Return the tags with a short number in the first directory of a TIFF file, if it is one."""
    head = file.read(8)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
    if order is None:
        return {}
    try:
        file.seek(struct.unpack(f"{order}4xI", head)[0])
        (count,) = struct.unpack(f"{order}H", file.read(2))
        entries = [struct.unpack(f"{order}HHIH2x", file.read(12)) for _ in range(count)]
    except struct.error:
        return {}  # what is damaged is left to ITK
    return {tag: value for tag, _, _, value in entries}
