"""Data sets that are folders of pictures and masks."""

# mypy: disallow-untyped-calls=False

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from uxnet_compiler.data.fingerprint import fingerprint, read_case
from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.images import read_image, read_label, write_label
from uxnet_compiler.data.phantom import write_phantom
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError

RANDOM = np.random.default_rng(0)
ISIC_IMAGES = "ISIC2018_Task1-2_Training_Input"
ISIC_MASKS = "ISIC2018_Task1_Training_GroundTruth"


def write(path: Path, array: NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = sitk.GetImageFromArray(array.astype(np.uint8), isVector=array.ndim == 3)
    picture.SetSpacing((0.3, 0.4))  # dots per inch
    sitk.WriteImage(picture, str(path))


def colours(height: int = 12, width: int = 16) -> NDArray[Any]:
    return RANDOM.integers(0, 256, (height, width, 3))


def disc(value: int, height: int = 12, width: int = 16) -> NDArray[Any]:
    mask = np.zeros((height, width))
    mask[3:8, 4:9] = value
    return mask


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder of two colour pictures with black and white masks."""
    for name in ("a", "b"):
        write(tmp_path / "set" / "images" / f"{name}.png", colours())
        write(tmp_path / "set" / "masks" / f"{name}.png", disc(255))
    return tmp_path / "set"


def test_white_masks_are_the_foreground(root: Path) -> None:
    dataset = open_dataset(root)

    assert dataset.name == "set"
    assert dataset.channels == ("red", "green", "blue")
    assert dataset.labels == ("background", "foreground")
    assert [case.id for case in dataset.cases] == ["a", "b"]
    image, label = read_case(dataset, dataset.cases[0])
    assert image.array.shape == (3, 12, 16)
    assert image.spacing == (1, 1)
    assert np.array_equal(label, disc(1))
    assert fingerprint(dataset).class_fractions == pytest.approx((1 - 25 / 192, 25 / 192))


def test_the_layout_of_isic_is_read(tmp_path: Path) -> None:
    for name in ("ISIC_0000000", "ISIC_0000001"):
        write(tmp_path / ISIC_IMAGES / f"{name}.jpg", colours())
        write(tmp_path / ISIC_MASKS / f"{name}_segmentation.png", disc(255))
    for folder in (ISIC_IMAGES, ISIC_MASKS):
        (tmp_path / folder / "ATTRIBUTION.txt").write_text("CC0", encoding="utf-8")

    dataset = open_dataset(tmp_path)

    assert dataset.labels == ("background", "lesion")
    assert [case.id for case in dataset.cases] == ["ISIC_0000000", "ISIC_0000001"]
    assert read_case(dataset, dataset.cases[1])[1].max() == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".PNG"])
def test_pictures_of_every_format_have_a_spacing_of_one(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, disc(200))

    assert read_image(path).spacing == read_header(path).spacing == (1, 1)
    assert read_image(path).array.shape[1:] == (12, 16)
    assert np.array_equal(read_label(path), disc(200)) or suffix in {".jpg", ".jpeg"}


@pytest.mark.parametrize("ending", ["", "_mask", "_segmentation", "_label", "_Mask"])
def test_masks_may_number_their_classes(ending: str, tmp_path: Path) -> None:
    for index in range(3):
        write(tmp_path / "images" / f"{index}.png", disc(90))
        write(tmp_path / "labels" / f"{index}{ending}.png", disc(index))

    dataset = open_dataset(tmp_path)

    assert dataset.channels == ("gray",)
    assert dataset.labels == ("background", "class 1", "class 2")
    assert [case.id for case in dataset.cases] == ["0", "1", "2"]
    assert dataset.values is None
    assert read_case(dataset, dataset.cases[2])[1].max() == 2


def test_gray_masks_may_be_saved_as_colours(root: Path) -> None:
    write(root / "masks" / "a.png", np.stack([disc(255)] * 3, axis=-1))
    dataset = open_dataset(root)

    assert np.array_equal(read_case(dataset, dataset.cases[0])[1], disc(1))


def test_a_mask_is_written_as_it_was_read(root: Path, tmp_path: Path) -> None:
    dataset = open_dataset(root)
    image, label = read_case(dataset, dataset.cases[0])

    write_label(label, image.grid, tmp_path / "out.png", dataset.values)

    assert np.array_equal(read_label(tmp_path / "out.png"), disc(255))
    assert np.array_equal(read_label(tmp_path / "out.png", image, 2, dataset.values), label)


def test_phantom_pictures_are_such_a_folder(tmp_path: Path) -> None:
    write_phantom(tmp_path / "x", cases=3, size=(24, 32), layout="pictures")

    dataset = open_dataset(tmp_path / "x")

    assert (dataset.num_channels, dataset.num_classes) == (1, 5)
    assert fingerprint(dataset).median_shape == (24, 32)
    image, _ = read_case(dataset, dataset.cases[0])
    assert image.array.max() > 150


def remove(name: str) -> Any:
    return lambda root: (root / name).unlink()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (remove("masks/a.png"), r"images/a\.png: no mask called a in .*masks$"),
        (remove("images/b.png"), r"masks/b\.png: no picture called b in .*images$"),
        (
            lambda root: write(root / "masks" / "b_mask.png", disc(255)),
            r"masks/b_mask\.png: a second one for b, beside b\.png$",
        ),
        (
            lambda root: write(root / "images" / "b.jpg", colours()),
            r"images/b\.png: a second one for b, beside b\.jpg$",
        ),
        (
            lambda root: write(root / "masks" / "b.png", disc(128)),
            r"masks/b\.png: mask value 128, and the others are 0 and 255; masks are",
        ),
        (
            lambda root: write(root / "masks" / "a.png", disc(7)),
            r"masks/a\.png: mask value 7, and the others are 0 and 255; masks",
        ),
        (
            lambda root: write(root / "masks" / "a.png", colours()),
            r"masks/a\.png: 3 channels; a label map has one value a voxel$",
        ),
        (
            lambda root: (root / "masks" / "a.png").write_bytes(b"no picture"),
            r"masks/a\.png: not a readable image",
        ),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_line(change: Any, message: str, root: Path) -> None:
    change(root)

    with pytest.raises(DataError, match=message) as caught:
        open_dataset(root)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda root: write(root / "masks" / "a.png", disc(255, width=17)),
            r"masks/a\.png: not on the grid of its image .*a\.png: size \(12, 17\) instead of",
        ),
        (
            lambda root: write(root / "images" / "b.png", disc(9)),
            r"b\.png: 1 channel; the data set has 3 \(red, green, blue\)",
        ),
    ],
)
def test_pictures_that_do_not_fit_are_one_line(change: Any, message: str, root: Path) -> None:
    change(root)

    with pytest.raises(DataError, match=message):
        fingerprint(open_dataset(root))


def test_a_folder_without_a_data_set_is_told_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()

    with pytest.raises(DataError, match=r"neither a dataset\.json .* images and masks, images and"):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match="no such folder; give the folder of the data set"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="not a folder; give the folder of the data set"):
        open_dataset(tmp_path / "file")


def test_empty_folders_are_told_which_pictures_are_read(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()

    with pytest.raises(DataError, match=r"images: no picture; \.png, \.jpg"):
        open_dataset(tmp_path)
