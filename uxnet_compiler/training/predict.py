"""Segment images with a trained network, each on its own grid."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from uxnet_compiler.data.images import Image, case_id, read_image, write_label
from uxnet_compiler.data.preprocess import preprocess, restore
from uxnet_compiler.errors import DataError
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.trained import TrainedRun


def predict(
    run: Path,
    images: Sequence[Path],
    out: Path,
    *,
    tta: bool = False,
    device: str = "auto",
    observer: Observer | None = None,
) -> list[Path]:
    """Segment images and write one label map for each.

    All images are read and checked before the first one is segmented.

    Args:
        run: Folder of a training.
        images: Files, or folders with one DICOM series each.
        out: Folder for `<name>.nii.gz`, each on the grid of its image.
        tta: Average over flips.
        device: `auto`, `cpu`, `cuda` ...
        observer: Hears how far it is.

    Returns:
        The files written, in the order of `images`.

    Raises:
        DataError: An image cannot be used, or two outputs would have the same name.
        RunError: The run cannot be used, or the folder not be written.
    """
    observer = observer or Observer()
    trained = TrainedRun.open(run)
    targets = _targets(images, out)
    observer.phase("checking")
    for done, path in enumerate(images, start=1):
        image = read_image(path)
        trained.check(image, path)
        preprocess(image, trained.plan)
        observer.tick(done / len(images), images=done)
    segmenter = trained.segmenter(device, tta=tta)
    observer.phase("segmenting")
    for done, (path, target) in enumerate(zip(images, targets, strict=True), start=1):
        image = read_image(path)
        write_label(segment(segmenter, image, trained), image.grid, target)
        observer.tick(done / len(images), images=done)
    return targets


def segment(segmenter: Segmenter, image: Image, trained: TrainedRun) -> NDArray[np.int16]:
    """Segment one image on its own voxels.

    Shape:
        out  (D, H, W) or (H, W)

    Raises:
        RunError: The memory does not suffice.
    """
    with memory_errors(image.source, "another --device or a smaller image may do"):
        array = torch.from_numpy(preprocess(image, trained.plan))
        return restore(segmenter.probabilities(array).numpy(), image, trained.plan)


def _targets(images: Sequence[Path], out: Path) -> list[Path]:
    """Name the outputs, and refuse to write one over another or over an input."""
    # The name of "." is that of the folder; a link keeps its own name.
    names = [case_id(Path(os.path.abspath(path))) for path in images]  # noqa: PTH100
    targets = [out / f"{name}.nii.gz" for name in names]
    inputs = {path.resolve() for path in images}
    seen: dict[Path, Path] = {}
    for path, target in zip(images, targets, strict=True):
        if target in seen:
            raise DataError(
                f"{path}: would be written to the same file as {seen[target]} "
                f"({target.name}); give the two to separate calls"
            )
        if target.resolve() in inputs:
            raise DataError(f"{path}: the output would replace an input; choose another --out")
        seen[target] = path
    return targets
