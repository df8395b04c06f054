"""Reading images and label maps, and writing label maps on the same grid."""

# mypy: disallow-untyped-calls=False

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from uxnet_compiler.data.images import Image, case_id, read_image, read_label, write_label
from uxnet_compiler.errors import DataError

VOLUME = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
GEOMETRY = ("GetSize", "GetSpacing", "GetOrigin", "GetDirection")


def labels_for(image: Image) -> NDArray[np.int16]:
    """A label map that no shift, flip or transposition leaves as it is."""
    return (np.arange(np.prod(image.grid.shape)) % 3).reshape(image.grid.shape).astype(np.int16)


def geometry(path: Path) -> list[tuple[float, ...]]:
    picture = sitk.ReadImage(str(path))
    return [getattr(picture, get)() for get in GEOMETRY]


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.mha", "x.mhd", "x.nrrd", "x.nhdr"])
def test_a_volume_is_read_as_d_h_w_with_one_channel(
    name: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / name, VOLUME, spacing=(3.0, 2.0, 0.5))

    image = read_image(path)

    assert image.array.dtype == np.float32
    assert np.array_equal(image.array, VOLUME[None])
    assert image.spacing == (3.0, 2.0, 0.5)
    assert image.grid.size == (7, 6, 5)


@pytest.mark.parametrize("name", ["x.nii.gz", "x.mha", "x.nrrd"])
def test_vector_voxels_become_channels(
    name: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    both = np.stack([VOLUME, -VOLUME])
    path = write_image(tmp_path / name, np.moveaxis(both, 0, -1), vector=True)

    assert np.array_equal(read_image(path).array, both)


def test_the_fourth_axis_of_a_nifti_file_becomes_the_channels(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    both = np.stack([VOLUME, -VOLUME])
    path = write_image(tmp_path / "x.nii.gz", both, spacing=(1.0, 3.0, 2.0, 0.5))

    image = read_image(path)

    assert np.array_equal(image.array, both)
    assert image.spacing == (3.0, 2.0, 0.5)


@pytest.mark.parametrize("name", ["x.png", "x.nii.gz", "x.mha"])
def test_a_picture_is_two_dimensional(
    name: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    plane = VOLUME[0].astype(np.uint8)

    image = read_image(write_image(tmp_path / name, plane))

    assert image.spatial_dims == 2
    assert np.array_equal(image.array, plane[None])


def test_a_colour_picture_has_three_channels(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    colours = np.stack([VOLUME[i].astype(np.uint8) for i in range(3)])
    path = write_image(tmp_path / "x.png", np.moveaxis(colours, 0, -1), vector=True)

    assert np.array_equal(read_image(path).array, colours)


def test_a_volume_of_one_slice_is_two_dimensional_and_is_written_back_as_a_volume(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / "x.nii.gz", VOLUME[:1], spacing=(5.0, 2.0, 0.5))

    image = read_image(path)
    write_label(labels_for(image), image.grid, tmp_path / "label.nii.gz")

    assert image.array.shape == (1, 6, 7)
    assert image.spacing == (2.0, 0.5)
    assert geometry(tmp_path / "label.nii.gz") == geometry(path)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    spacing=st.tuples(*[st.floats(0.05, 10)] * 3),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_a_nifti_label_map_has_the_geometry_of_its_oblique_nifti_image_bit_for_bit(
    seed: int,
    spacing: tuple[float, ...],
    origin: tuple[float, ...],
    write_image: Callable[..., Path],
) -> None:
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.nii.gz")
        write_image(path, VOLUME, spacing=spacing, origin=origin, direction=turn)
        image = read_image(path)
        labels = labels_for(image)

        out = Path(folder, "label.nii.gz")
        write_label(labels, image.grid, out)

        assert geometry(out) == geometry(path)
        assert np.array_equal(read_label(out, image, 3), labels)


def test_a_nifti_label_map_keeps_the_codes_of_its_image(
    tmp_path: Path, write_image: Callable[..., Path], oblique: NDArray[np.float64]
) -> None:
    path = write_image(tmp_path / "x.nii", VOLUME, direction=oblique)
    raw = bytearray(path.read_bytes())
    raw[252:256] = b"\x02\x00\x04\x00"  # qform: aligned, sform: MNI 152
    path.write_bytes(raw)
    image = read_image(path)

    write_label(labels_for(image), image.grid, tmp_path / "label.nii")

    assert (tmp_path / "label.nii").read_bytes()[252:328] == bytes(raw[252:328])


@pytest.mark.parametrize("name", ["label.nii.gz", "label.nrrd", "label.mha"])
def test_a_label_map_of_an_oblique_dicom_series_lies_on_its_grid(
    name: str, oblique_series: Path, oblique: NDArray[np.float64], tmp_path: Path
) -> None:
    image = read_image(oblique_series)
    labels = labels_for(image)

    write_label(labels, image.grid, tmp_path / name)

    assert np.array_equal(image.array[0].ravel(), np.arange(6 * 8 * 10))  # slices by position
    assert np.allclose(image.spacing, (2.5, 0.8, 0.75), atol=1e-6)
    assert np.allclose(np.reshape(image.grid.direction, (3, 3)), oblique, atol=1e-6)
    written = geometry(tmp_path / name)
    assert written[0] == image.grid.size
    # NIfTI has single precision, the others have double
    tolerance = 1e-6 if name.endswith(".nii.gz") else 1e-12
    for mine, theirs in zip(
        written[1:], (image.grid.spacing, image.grid.origin, image.grid.direction), strict=True
    ):
        assert np.allclose(mine, theirs, rtol=tolerance, atol=tolerance)
    assert np.array_equal(read_label(tmp_path / name, image, 3), labels)


def test_the_dicom_series_of_a_scanner_is_read(shared_data: Path, tmp_path: Path) -> None:
    image = read_image(shared_data / "dicom_hippocampus")

    write_label(labels_for(image), image.grid, tmp_path / "label.nrrd")

    assert image.array.shape == (1, 32, 51, 35)
    assert geometry(tmp_path / "label.nrrd")[1:] == [
        image.grid.spacing,
        image.grid.origin,
        image.grid.direction,
    ]


def test_label_maps_have_the_same_bytes_each_time(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    image = read_image(write_image(tmp_path / "x.nii.gz", VOLUME))

    for name in ("a.nii.gz", "b.nii.gz"):
        write_label(labels_for(image), image.grid, tmp_path / name)

    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_label_values_above_255_survive(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    image = read_image(write_image(tmp_path / "x.nii.gz", VOLUME))
    labels = np.full(image.grid.shape, 300, dtype=np.int16)

    write_label(labels, image.grid, tmp_path / "label.nii.gz")

    assert np.array_equal(read_label(tmp_path / "label.nii.gz"), labels)


def test_an_unknown_suffix_to_write_is_one_line(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    image = read_image(write_image(tmp_path / "x.nii.gz", VOLUME))

    with pytest.raises(DataError, match=r"label\.xyz: cannot be written") as caught:
        write_label(labels_for(image), image.grid, tmp_path / "label.xyz")

    assert "\n" not in str(caught.value)
    assert not (tmp_path / "label.xyz").exists()


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.nii\.gz: cannot be read: No such file"):
        read_image(tmp_path / "gone.nii.gz")


@pytest.mark.parametrize("name", ["x.nii.gz", "x.mha", "x.nrrd", "x.png", "x.dcm", "x.txt"])
@pytest.mark.parametrize("content", [b"", b"hello\n" * 200])
def test_a_file_that_is_no_image_is_one_line(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=name) as caught:
        read_image(tmp_path / name)

    assert "\n" not in str(caught.value)
    assert "0x" not in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.nrrd"])
def test_voxels_that_are_no_numbers_are_counted_and_the_first_is_named(
    name: str, dtype: type, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    array: NDArray[np.floating[Any]] = np.stack([VOLUME, VOLUME]).astype(dtype)
    array[1, 2, 3, 4] = np.nan
    array[1, 4, 0, 0] = np.inf
    vector = name.endswith(".nrrd")
    path = write_image(
        tmp_path / name, np.moveaxis(array, 0, -1) if vector else array, vector=vector
    )

    message = r"2 voxels .* first in channel 1 at voxel \(D, H, W\) = \(2, 3, 4\)"
    with pytest.raises(DataError, match=message):
        read_image(path)


def test_a_double_beyond_single_precision_counts_as_infinite(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    path = write_image(tmp_path / "x.nrrd", np.where(VOLUME == 3, 1e300, 0.0))

    with pytest.raises(DataError, match=r"1 voxels are NaN or infinite.*\(0, 0, 3\)"):
        read_image(path)


def test_complex_voxels_are_refused(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    path = write_image(tmp_path / "x.nrrd", VOLUME.astype(np.complex64))

    with pytest.raises(DataError, match="complex voxels"):
        read_image(path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"spacing": (1.0, 1.0, 1.5)}, r"spacing \(1.5, 1, 1\) instead of \(1, 1, 1\)"),
        ({"origin": (0.0, 0.5, 0.0)}, r"origin \(0, 0.5, 0\) instead of \(0, 0, 0\)"),
        ({"direction": np.diag([-1.0, -1.0, 1.0])}, "direction"),
    ],
)
def test_a_label_map_on_another_grid_is_refused(
    change: dict[str, object], named: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    image = read_image(write_image(tmp_path / "x.nrrd", VOLUME))
    path = write_image(tmp_path / "label.nrrd", np.zeros_like(VOLUME), **change)

    with pytest.raises(DataError, match=rf"label\.nrrd: not on the grid of .*x\.nrrd: {named}"):
        read_label(path, image)


def test_a_label_map_of_another_size_is_refused(
    tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    image = read_image(write_image(tmp_path / "x.nrrd", VOLUME))
    path = write_image(tmp_path / "label.nrrd", np.zeros((5, 6, 8), np.uint8))

    with pytest.raises(DataError, match=r"size \(5, 6, 8\) instead of \(5, 6, 7\)"):
        read_label(path, image)


def test_rounding_of_the_grid_is_let_pass(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    image = read_image(write_image(tmp_path / "x.nrrd", VOLUME, origin=(100.1, 7.3, -50.7)))
    path = write_image(tmp_path / "label.nrrd", VOLUME % 2, origin=(100.1001, 7.2999, -50.7))

    assert read_label(path, image, 2).max() == 1


@pytest.mark.parametrize("values", [None, (0, 1)])
def test_values_that_scaling_has_moved_a_little_count_as_whole_numbers(
    values: tuple[int, ...] | None, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    moved = np.where(VOLUME % 2, 1.0000153, -2.3e-5)
    path = write_image(tmp_path / "label.nrrd", moved)

    assert np.array_equal(read_label(path, num_classes=2, values=values), VOLUME % 2)


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (7, "7"),
        (-2, "-2"),
        (1.5, "1.5"),
        (1.0020001, "1.0020001"),
        (3.0000153, "3.0000153"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_a_value_that_is_no_class_is_named_with_its_voxel(
    value: float, spelled: str, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    array = np.zeros(VOLUME.shape, dtype=np.float32)
    array[1, 2, 3] = value
    path = write_image(tmp_path / "label.nrrd", array)

    message = rf"label value {spelled} at voxel \(D, H, W\) = \(1, 2, 3\), .* numbers 0 to 2$"
    with pytest.raises(DataError, match=message):
        read_label(path, num_classes=3)


def test_a_label_map_has_one_channel(tmp_path: Path, write_image: Callable[..., Path]) -> None:
    path = write_image(tmp_path / "label.nrrd", np.zeros((4, 4, 4, 2), np.uint8), vector=True)

    with pytest.raises(DataError, match="2 channels; a label map has one value a voxel"):
        read_label(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a_0.nii.gz", "a_0"), ("b.c.nii", "b.c"), ("D.NRRD", "D"), ("series", "series")],
)
def test_a_case_is_called_like_its_file_without_the_format(name: str, expected: str) -> None:
    assert case_id(Path("folder") / name) == expected


def test_a_missing_slice_is_noticed(oblique_series: Path) -> None:
    (oblique_series / "6.dcm").unlink()

    with pytest.raises(
        DataError, match=r"slices are missing, repeated or unevenly spaced \(2.5 to 5 mm\)"
    ):
        read_image(oblique_series)


def test_a_damaged_slice_at_the_end_of_a_series_is_noticed(oblique_series: Path) -> None:
    last = oblique_series / "4.dcm"
    last.write_bytes(last.read_bytes()[:140])

    with pytest.raises(DataError, match=r"4\.dcm: damaged DICOM file"):
        read_image(oblique_series)


def test_other_files_and_those_of_macos_are_no_slices(oblique_series: Path) -> None:
    (oblique_series / "._9.dcm").write_bytes(bytes(128) + b"DICM")
    (oblique_series / "notes.txt").write_text("hello", encoding="utf-8")

    assert read_image(oblique_series).array.shape == (1, 6, 8, 10)


def test_a_folder_without_a_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no DICOM series in this folder; exactly one is needed"):
        read_image(tmp_path)


def test_a_folder_with_two_series_is_refused(oblique_series: Path, shared_data: Path) -> None:
    shutil.copy(shared_data / "dicom_hippocampus" / "1.dcm", oblique_series / "other.dcm")

    with pytest.raises(DataError, match="2 DICOM series in this folder"):
        read_image(oblique_series)


def test_itk_says_nothing_on_the_terminal(
    oblique_series: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (oblique_series / "6.dcm").unlink()

    with pytest.raises(DataError):
        read_image(oblique_series)

    assert capfd.readouterr().err == ""
