"""Write a data set of made-up patients, to try things without anybody's images."""

# mypy: disallow-untyped-calls=False
# SimpleITK has no type annotations.

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its documentation uses
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from uxnet_compiler.data.anatomy import CORE, LESION, ORGAN, SKIN, VESSEL, Patient, Waves
from uxnet_compiler.data.scenes import SCENES, Scene
from uxnet_compiler.errors import DataError
from uxnet_compiler.files import replacing, write_text

Layout = Literal["decathlon", "pictures"]
FOLDERS: dict[Layout, tuple[str, str]] = {
    "decathlon": ("imagesTr", "labelsTr"),
    "pictures": ("images", "masks"),
}
CHANNELS = ("T1", "T2")
SMALLEST_SIDE = 16  # voxels; below it the vessel fills the organ
# Brightness per tissue and channel.
_BRIGHTNESS = {ORGAN: (0.55, 0.48), CORE: (0.69, 0.33), VESSEL: (0.98, 0.12), LESION: (0.3, 0.9)}
_WHITEST = 1400.0  # brightness that is white in pictures
_MUSCLE, _FAT, _BONE = (0.38, 0.40), (0.80, 0.64), (0.18, 0.15)


def write_phantom(  # noqa: PLR0913 (each is an option of the command)
    out: Path,
    *,
    cases: int = 8,
    size: Sequence[int] = (48, 48, 48),
    spacing: Sequence[float] | None = None,
    channels: int = 1,
    seed: int = 0,
    layout: Layout = "decathlon",
    scene: str = "mixed",
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a data set of patients; the same arguments give the same bytes.

    Args:
        out: The folder to make; it must not hold anything yet.
        cases: Count of patients.
        size: Voxels per axis, D H W; H W alone, or a D of 1, gives 2-D images.
        spacing: Distance of voxels in mm in the same order; 1.5 along D and 1 otherwise by default.
        channels: 1 for a T1-like channel, 2 for a T2-like one as well.
        seed: Which patients; another seed gives others.
        layout: `decathlon`, or `pictures` for 2-D ones in PNG with masks beside them.
        scene: What is drawn and asked for, one of `SCENES`.
        progress: Called with the count of cases done and the count of all.

    Raises:
        DataError: `out` is not empty, or an argument is out of range.
    """
    size, spacing = _checked_grid(size, spacing)
    if cases < 1 or channels not in {1, 2} or seed < 0:
        raise DataError(
            f"{cases} cases, {channels} channels, seed {seed}: 1 case or more, 1 or 2 channels and "
            "a seed of 0 or more are right"
        )
    if layout == "pictures" and (len(size) != 2 or channels != 1):
        raise DataError(
            f"pictures of {len(size)} axes and {channels} channels: a size of 2 axes, such as 1 64 "
            "64, and 1 channel are right"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"{out}: already there and not an empty folder; choose another name")
    with replacing(out) as draft:
        folders = FOLDERS[layout]
        drawn = SCENES[scene]
        for folder in folders:
            (draft / folder).mkdir(parents=True)
        suffix = ".png" if layout == "pictures" else ".nii.gz"
        names = [f"phantom_{number:03d}{suffix}" for number in range(cases)]
        for number, name in enumerate(names):
            random = np.random.default_rng((seed, number))
            patient = drawn.draw(random, size, spacing)
            image = np.stack(
                [_paint(random, patient, drawn, channel) for channel in range(channels)]
            )
            label = np.array(drawn.classes, dtype=np.uint8)[patient.label]
            image_path, label_path = (draft / folder / name for folder in folders)
            if layout == "pictures":
                _write_picture(np.clip(image[0] / _WHITEST * 255, 0, 255), image_path)
                _write_picture(label, label_path)
            else:
                frame = _Frame(random, size, spacing)
                frame.write(image if channels > 1 else image[0], image_path)
                frame.write(label, label_path)
            if progress is not None:
                progress(number + 1, cases)
        if layout == "decathlon":
            write_text(draft / "dataset.json", _document(names, channels, drawn.labels))


def _write_picture(array: NDArray[np.generic], path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.rint(array).astype(np.uint8)), str(path))


def _checked_grid(
    size: Sequence[int], spacing: Sequence[float] | None
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    if spacing is None:
        spacing = (1.5, 1.0, 1.0)[-len(size) :]
    if len(size) not in {2, 3} or len(spacing) != len(size):
        raise DataError(f"size {size} and spacing {spacing}: both need 2 or 3 numbers")
    if len(size) == 3 and size[0] == 1:
        size, spacing = size[1:], spacing[1:]
    if min(size) < SMALLEST_SIDE or not all(0 < distance < 1000 for distance in spacing):
        raise DataError(
            f"size {tuple(size)} with spacing {tuple(spacing)} mm: every side needs "
            f"{SMALLEST_SIDE} voxels or more, and the spacing is above 0 and below 1000"
        )
    return tuple(size), tuple(spacing)


def _paint(
    random: np.random.Generator, patient: Patient, scene: Scene, channel: int
) -> NDArray[np.float32]:
    """Render one channel: tissue, the blur of the scanner, texture, bias field, noise."""
    shape, dims = patient.label.shape, patient.label.ndim
    body = patient.body < 1
    image = np.where(body, _MUSCLE[channel], 0.0)
    image[body & (patient.body > SKIN)] = _FAT[channel]
    image[body & patient.bones] = _BONE[channel]
    for value, brightness in (_BRIGHTNESS | scene.brightness).items():
        looks_so = body & (patient.body < SKIN) & (patient.look_alikes == value)
        image[looks_so | (patient.label == value)] = brightness[channel]
    texture = gaussian_filter(random.normal(0, 1, shape), 1.0)
    image += body * 0.03 * texture / texture.std()
    image = random.uniform(0.9, 1.1) * gaussian_filter(image, 0.5)
    image *= np.exp(Waves.draw(random, dims, height=0.12, pitch=1.2)(patient.points))
    # MR shows the magnitude of a complex signal, so its noise is Rician.
    real, imaginary = random.normal(0, 0.03, (2, *shape))
    return np.asarray(np.rint(1000 * np.hypot(image + real, imaginary)), dtype=np.float32)


class _Frame:
    """A patient's position in the scanner, slightly turned, and the files written in it."""

    def __init__(
        self, random: np.random.Generator, size: Sequence[int], spacing: Sequence[float]
    ) -> None:
        self._spacing = list(spacing[::-1])
        if len(size) == 2:
            self._direction = np.eye(2)
        else:
            turn = random.uniform(-0.2, 0.2, 3)
            self._direction = Rotation.from_euler("xyz", turn).as_matrix()
        extent = np.multiply(size[::-1], self._spacing)
        self._origin = (-self._direction @ (extent / 2)).tolist()

    def write(self, array: NDArray[np.generic], path: Path) -> None:
        """Write an array (*spatial), or (C, *spatial) as a multi-channel file."""
        dims = len(self._spacing)
        whole = array.astype(np.int16 if array.dtype == np.float32 else np.uint8)
        if whole.ndim > dims:
            planes = [self._place(channel) for channel in whole]
            # a third axis of a 2-D file would be taken for depth, so its voxels are vectors
            picture = sitk.JoinSeries(planes) if dims == 3 else sitk.Compose(planes)
        else:
            picture = self._place(whole)
        sitk.WriteImage(picture, str(path), True)

    def _place(self, array: NDArray[np.generic]) -> sitk.Image:
        picture = sitk.GetImageFromArray(array)
        picture.SetSpacing(self._spacing)
        picture.SetOrigin(self._origin)
        picture.SetDirection(self._direction.ravel().tolist())
        return picture


def _document(names: Sequence[str], channels: int, labels: Sequence[str]) -> str:
    return (
        json.dumps(
            {
                "name": "Phantom",
                "description": "Made-up patients: an organ with a core, a vessel and lesions",
                "licence": "CC0-1.0",
                "tensorImageSize": "4D" if channels > 1 else "3D",
                "modality": {str(i): name for i, name in enumerate(CHANNELS[:channels])},
                "labels": {str(value): name for value, name in enumerate(labels)},
                "numTraining": len(names),
                "numTest": 0,
                "training": [
                    {"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"} for name in names
                ],
                "test": [],
            },
            indent=1,
        )
        + "\n"
    )
