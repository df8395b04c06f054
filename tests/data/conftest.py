"""Small image files and data sets for the tests of this folder."""

# mypy: disallow-untyped-calls=False

from __future__ import annotations

import json
import locale
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation


@pytest.fixture(scope="session")
def write_image() -> Callable[..., Path]:
    """Write an array as an image file: spacing D H W, origin and direction in ITK's order."""

    def write(
        path: Path,
        array: NDArray[Any],
        *,
        spacing: Sequence[float] | None = None,
        origin: Sequence[float] | None = None,
        direction: NDArray[np.float64] | None = None,
        vector: bool = False,
        compress: bool = True,
    ) -> Path:
        picture = sitk.GetImageFromArray(array, isVector=vector)
        if spacing is not None:
            picture.SetSpacing([float(distance) for distance in spacing[::-1]])
        if origin is not None:
            picture.SetOrigin([float(at) for at in origin])
        if direction is not None:
            picture.SetDirection(direction.ravel().tolist())
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(picture, str(path), compress)
        return path

    return write


@pytest.fixture
def write_set(tmp_path: Path, write_image: Callable[..., Path]) -> Callable[..., Path]:
    """Write a data set in the Decathlon layout with the cases a, b, c, ..."""

    def write(
        images: Sequence[NDArray[Any]],
        labels: Sequence[NDArray[Any]],
        *,
        spacings: Sequence[Sequence[float]] | None = None,
        modality: Sequence[str] = ("MRI",),
        classes: int = 3,
    ) -> Path:
        root = tmp_path / "set"
        training = []
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            spacing = None if spacings is None else list(spacings[index])
            name = f"{'abcdefghij'[index]}.nii.gz"
            wider = spacing if image.ndim == label.ndim or spacing is None else [1.0, *spacing]
            write_image(root / "imagesTr" / name, image, spacing=wider)
            write_image(root / "labelsTr" / name, label.astype(np.uint8), spacing=spacing)
            training.append({"image": f"imagesTr/{name}", "label": f"./labelsTr/{name}"})
        document = {
            "name": "Small",
            "modality": {str(i): name for i, name in enumerate(modality)},
            "labels": {str(i): f"class {i}" for i in range(classes)},
            "training": training,
        }
        (root / "dataset.json").write_text(json.dumps(document), encoding="utf-8")
        return root

    return write


@pytest.fixture
def oblique() -> NDArray[np.float64]:
    """Return an orientation that lies along no axis."""
    return np.asarray(Rotation.from_euler("xyz", (0.3, -0.4, 0.9)).as_matrix())


@pytest.fixture
def oblique_series(tmp_path: Path, oblique: NDArray[np.float64]) -> Path:
    """Write a DICOM series of 6 slices of 8 x 10 with an oblique orientation."""
    array = np.arange(6 * 8 * 10, dtype=np.int16).reshape(6, 8, 10)
    picture = sitk.GetImageFromArray(array)
    picture.SetSpacing((0.75, 0.8, 2.5))
    picture.SetOrigin((-31.25, 17.5, 203.125))
    picture.SetDirection(oblique.ravel().tolist())
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    folder = tmp_path / "series"
    folder.mkdir()
    before = locale.setlocale(locale.LC_ALL)
    for index in range(6):
        plane = picture[:, :, index]
        position = picture.TransformIndexToPhysicalPoint((0, 0, index))
        tags = {
            "0008|0060": "MR",
            "0020|000d": "1.2.826.0.1.3680043.2.1125.1",
            "0020|000e": "1.2.826.0.1.3680043.2.1125.2",
            "0020|0013": str(index + 1),
            "0020|0032": "\\".join(f"{at:.9g}" for at in position),
            "0020|0037": "\\".join(f"{cosine:.10g}" for cosine in oblique.T[:2].ravel()),
            "0018|0050": "2.5",
            "0008|0018": f"1.2.826.0.1.3680043.2.1125.3.{index + 1}",
        }
        for tag, value in tags.items():
            plane.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{9 - index}.dcm"))  # names in the opposite order
        writer.Execute(plane)
    # GDCM leaves "C" behind, in which other tests would read their files as ASCII.
    locale.setlocale(locale.LC_ALL, before)
    return folder
