"""What NIfTI files may hide from ITK's users."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from uxnet_compiler.data.images import read_image, write_label
from uxnet_compiler.data.nifti import check_voxels, is_nifti, read_header
from uxnet_compiler.errors import DataError

VOLUME = np.random.default_rng(0).integers(0, 1000, (8, 9, 10)).astype(np.int16)


@pytest.fixture
def zipped(tmp_path: Path, write_image: Callable[..., Path]) -> Path:
    return write_image(tmp_path / "x.nii.gz", VOLUME)


def big_endian(little: bytes) -> bytes:
    """Turn a NIfTI-1 file of 16-bit voxels around."""
    layout = "i10s18sihcB8h3f4h8f3fh2c4f2i80s24s2h6f4f4f4f16s4s"  # nifti1.h, field by field
    header = struct.unpack_from(f"<{layout}", little)
    voxels = np.frombuffer(little[352:], "<i2").astype(">i2").tobytes()
    return struct.pack(f">{layout}", *header) + little[348:352] + voxels


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_truncated_gzip_file_is_refused(share: float, zipped: Path) -> None:
    raw = zipped.read_bytes()
    zipped.write_bytes(raw[: int(share * len(raw))])

    with pytest.raises(DataError, match=r"x\.nii\.gz: .*the stream ends early$"):
        read_image(zipped)


def test_a_damaged_gzip_file_is_refused(zipped: Path) -> None:
    raw = bytearray(zipped.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    zipped.write_bytes(raw)

    with pytest.raises(DataError, match=r"x\.nii\.gz: (damaged gzip stream|cannot be read): ") as e:
        read_image(zipped)

    assert "\n" not in str(e.value)


def test_a_file_that_ends_early_inside_a_sound_gzip_stream_is_refused(zipped: Path) -> None:
    zipped.write_bytes(gzip.compress(gzip.decompress(zipped.read_bytes())[:-100]))

    with pytest.raises(DataError, match=r"cut short, 1692 bytes of 1792"):
        read_image(zipped)


def test_a_truncated_plain_file_is_refused(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / "x.nii", VOLUME)
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(DataError, match=r"x\.nii: cut short, 1000 bytes of 1792"):
        read_image(path)


@pytest.mark.parametrize("num_bytes", [0, 3, 347])
def test_a_file_cut_in_its_header_is_refused(num_bytes: int, tmp_path: Path) -> None:
    (tmp_path / "x.nii").write_bytes(struct.pack("<i", 348).ljust(348, b"\0")[:num_bytes])

    with pytest.raises(DataError, match="not a NIfTI file, or cut short in its header"):
        read_header(tmp_path / "x.nii")


def test_a_big_endian_image_gives_its_label_map_the_same_geometry(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    little = write_image(tmp_path / "l.nii", VOLUME, spacing=(3.3, 2.2, 1.1), origin=(7.7, 8.8, 9))
    path = tmp_path / "x.nii"
    path.write_bytes(big_endian(little.read_bytes()))

    image = read_image(path)
    write_label(np.zeros(image.grid.shape, np.int16), image.grid, tmp_path / "label.nii")

    assert np.array_equal(image.array[0], VOLUME)
    written = (tmp_path / "label.nii").read_bytes()
    assert written[76:92] == little.read_bytes()[76:92]
    assert written[252:328] == little.read_bytes()[252:328]


def test_nifti_2_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.nii").write_bytes(struct.pack("<i", 540).ljust(600, b"\0"))

    with pytest.raises(DataError, match="NIfTI-2; convert it to NIfTI-1"):
        read_image(tmp_path / "x.nii")


@pytest.mark.parametrize(
    ("shape", "place"),
    [
        ((4, 5), r"channel 0 at voxel \(H, W\) = \(2, 3\)"),
        ((6, 4, 5), r"channel 0 at voxel \(D, H, W\) = \(5, 2, 3\)"),
        ((1, 4, 5), r"channel 0 at voxel \(H, W\) = \(2, 3\)"),
        ((2, 6, 4, 5), r"channel 1 at voxel \(D, H, W\) = \(5, 2, 3\)"),
    ],
)
def test_nan_is_found_where_itk_reads_zero(
    shape: tuple[int, ...], place: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    array = np.zeros(shape, dtype=np.float32)
    array[(*(size - 1 for size in shape[:-2]), 2, 3)] = np.nan
    path = write_image(tmp_path / "x.nii.gz", array)

    with pytest.raises(DataError, match=rf"1 voxels are NaN or infinite, the first in {place}"):
        read_image(path)


def test_nan_is_found_in_a_big_file(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    array = np.zeros((70, 70, 70), dtype=np.float32)  # more than one block of bytes
    array[65, 1, 2] = array[66, 0, 0] = np.inf

    path = write_image(tmp_path / "x.nii", array)

    with pytest.raises(DataError, match=r"2 voxels .* \(D, H, W\) = \(65, 1, 2\)"):
        check_voxels(path)


def test_orientations_that_are_no_rotation_are_one_line(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / "x.nii", VOLUME)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<2h", raw, 252, 0, 1)
    struct.pack_into("<12f", raw, 280, 1, 0.5, 0, 0, 0, 1, 0.7, 0, 0.4, 0, 1, 0)  # sheared
    path.write_bytes(raw)

    with pytest.raises(DataError, match=r"x\.nii: not a readable image: ") as caught:
        read_image(path)

    assert "\n" not in str(caught.value)


def test_files_are_told_by_their_names() -> None:
    assert is_nifti(Path("a.NII.GZ"))
    assert not is_nifti(Path("a.nii.gz.part"))
