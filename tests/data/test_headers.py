"""What the header of an image tells is what the image turns out to be."""

# mypy: disallow-untyped-calls=False

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.images import read_image
from uxnet_compiler.errors import DataError

VOLUME = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)


def require_same(path: Path) -> None:
    header, image = read_header(path), read_image(path)
    assert header.grid.shape == image.grid.shape == image.array.shape[1:]
    assert header.spacing == pytest.approx(image.spacing, rel=1e-3)
    assert header.num_channels == image.num_channels
    assert header.spatial_dims == image.spatial_dims
    assert header.source == image.source


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.mha", "x.mhd", "x.nrrd", "x.nhdr"])
@pytest.mark.parametrize("slices", [5, 1])
def test_a_volume_or_a_slice(
    name: str, slices: int, tmp_path: Path, write_image: Callable[..., Path]
) -> None:
    require_same(write_image(tmp_path / name, VOLUME[:slices], spacing=(3.0, 2.0, 0.5)))


@pytest.mark.parametrize("name", ["x.nii.gz", "x.mha", "x.nrrd"])
def test_vector_voxels(name: str, tmp_path: Path, write_image: Callable[..., Path]) -> None:
    both = np.stack([VOLUME, -VOLUME], axis=-1)
    require_same(write_image(tmp_path / name, both, vector=True))


def test_channels_as_a_fourth_axis(tmp_path: Path) -> None:
    picture = sitk.JoinSeries([sitk.GetImageFromArray(VOLUME)] * 3)
    sitk.WriteImage(picture, str(tmp_path / "x.nii.gz"))
    require_same(tmp_path / "x.nii.gz")


def test_a_picture(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(VOLUME[0].astype(np.uint8)), str(tmp_path / "x.png"))
    require_same(tmp_path / "x.png")


def test_dicom_series(shared_data: Path) -> None:
    for folder in {path.parent for path in (shared_data / "dicom_hippocampus").rglob("*.dcm")}:
        require_same(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.nii.gz", "cannot be read: No such file"),
        ("text.nii.gz", "not a NIfTI file"),
        ("text.mha", "not a readable image: "),
        ("folder", "no DICOM series in this folder"),
    ],
)
def test_what_is_no_image_is_one_line(name: str, message: str, tmp_path: Path) -> None:
    for text in ("text.nii.gz", "text.mha"):
        (tmp_path / text).write_text("nothing of that kind\n" * 40, encoding="ascii")
    (tmp_path / "folder").mkdir()

    with pytest.raises(DataError, match=message) as caught:
        read_header(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)
