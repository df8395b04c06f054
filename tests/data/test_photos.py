"""Pictures that ITK would misread without a word."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.images import read_image
from uxnet_compiler.errors import DataError

RANDOM = np.random.default_rng(0)
COLOURS = Image.fromarray(RANDOM.integers(0, 256, (40, 50, 3), dtype=np.uint8))
GRAY_ALPHA = Image.fromarray(RANDOM.integers(0, 256, (40, 50, 2), dtype=np.uint8), "LA")

JPEGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
}


def exif(orientation: int, order: str = "<") -> bytes:
    """EXIF data with one other tag and an orientation, in either byte order."""
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, 8)
    entries = [(256, 4, 1, 0), (274, 3, 1, orientation)]
    packed = b"".join(struct.pack(f"{order}HHIHxx", *entry) for entry in entries)
    return b"Exif\0\0" + head + struct.pack(f"{order}H", 2) + packed + bytes(4)


def refused(path: Path, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=f"{path.name}: {message}$") as caught:
        read_image(path)

    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("missing", [1, 2, 300, 1000])
@pytest.mark.parametrize("zeros", [0, 5000])
def test_a_jpeg_without_its_end_is_refused_without_noise(
    kind: str, missing: int, zeros: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.jpg"
    COLOURS.save(path, **JPEGS[kind])
    path.write_bytes(path.read_bytes()[:-missing] + bytes(zeros))

    refused(path, "cut short, the end is missing; copy or download the file again", capfd)


def test_the_end_of_a_small_picture_within_is_not_the_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    COLOURS.resize((16, 16)).save(tmp_path / "small.jpg")
    path = tmp_path / "x.jpg"
    COLOURS.save(path, exif=exif(1) + (tmp_path / "small.jpg").read_bytes())
    assert read_image(path).array.shape == (3, 40, 50)

    path.write_bytes(path.read_bytes()[:-2])

    refused(path, "cut short, .*", capfd)


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("appended", [b"", bytes(100), b"\n", b"\xff", b"camera" * 1000])
def test_a_jpeg_may_have_something_after_its_end(
    kind: str, appended: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "x.jpg"
    COLOURS.save(path, **JPEGS[kind])
    wanted = read_image(path).array
    path.write_bytes(path.read_bytes() + appended)

    assert np.array_equal(read_image(path).array, wanted)


@pytest.mark.parametrize("colours", ["RGB", "L", "P"])
@pytest.mark.parametrize("missing", [1, 500])
def test_a_bmp_without_its_end_is_refused_without_noise(
    colours: str, missing: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.bmp"
    COLOURS.convert(colours).save(path)
    whole = path.read_bytes()
    assert read_image(path).array.shape[1:] == (40, 50)

    path.write_bytes(whole[:-missing])

    message = f"cut short, {len(whole) - missing} bytes of {len(whole)}; copy or download .*"
    refused(path, message, capfd)


def test_a_bmp_need_not_say_how_long_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.bmp"
    COLOURS.save(path)
    raw = path.read_bytes()
    path.write_bytes(raw[:2] + bytes(4) + raw[6:])

    assert read_image(path).array.shape == (3, 40, 50)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_jpeg_that_a_tag_turns_is_refused(
    orientation: int, order: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.jpeg"
    COLOURS.save(path, exif=exif(orientation, order))

    refused(path, "turned by an EXIF tag; save it upright", capfd)


@pytest.mark.parametrize(
    "said",
    [exif(0), exif(1), exif(1, ">"), exif(9), exif(6)[:-10], exif(6)[:20], b"Exif\0\0", b"x"],
)
def test_a_jpeg_that_no_tag_turns_is_read(said: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    COLOURS.save(path, exif=said)

    assert read_image(path).array.shape == (3, 40, 50)


@pytest.mark.parametrize("name", ["x.png", "x.PNG", "x.tif", "x.tiff"])
def test_gray_with_alpha_is_refused_with_what_would_be_right(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    GRAY_ALPHA.save(path)

    refused(path, "(.*: )?gray with alpha or other values; save it as gray or RGB", capfd)


def test_a_header_of_gray_with_alpha_is_refused_alike(tmp_path: Path) -> None:
    GRAY_ALPHA.save(tmp_path / "x.png")

    with pytest.raises(DataError, match=r"x\.png: .*gray with alpha .*; save it as gray or RGB$"):
        read_header(tmp_path / "x.png")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(("kind", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_gray_and_colours_are_read_as_they_are(
    kind: str, channels: int, suffix: str, tmp_path: Path
) -> None:
    picture = COLOURS.convert(kind)
    picture.save(tmp_path / f"x{suffix}")

    found = read_image(tmp_path / f"x{suffix}").array

    assert found.shape == (channels, 40, 50)
    assert np.array_equal(np.moveaxis(found, 0, -1).squeeze(), np.asarray(picture))
