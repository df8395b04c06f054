"""Segment images with a trained network, each on its own grid."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.images import Image, case_id, is_picture, read_image, write_label
from uxnet_compiler.data.preprocess import preprocess, restore
from uxnet_compiler.errors import DataError
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runtimes import Runtime, Wanted
from uxnet_compiler.training.footprint import Room
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.trained import TrainedRun


def predict(
    run: Path,
    images: Sequence[Path],
    out: Path,
    *,
    tta: bool = False,
    device: str = "auto",
    runtime: Wanted = "torch",
    memory_gib: float | None = None,
    observer: Observer | None = None,
) -> list[Path]:
    """Segment images and write one label map for each.

    All images are read and checked before the first one is segmented.

    Args:
        run: Folder of a training.
        images: Files, or folders with one DICOM series each.
        out: Folder for `<name>.nii.gz`, each on the grid of its image; for pictures `<name>.png`
            (`.tif` for TIFF), in the values of the masks that the run was trained on.
        tta: Average over flips.
        device: `auto`, `cpu`, `cuda` ...
        runtime: `torch`, `onnx`, `openvino`, or `auto` for the fastest.
        memory_gib: What the process may hold; what the machine has left when not given. Where
            that is too little for the sums of all classes, they go to a file in `out`.
        observer: Hears how far it is.

    Returns:
        The files written, in the order of `images`.

    Raises:
        DataError: An image cannot be used, or two outputs would have the same name.
        RunError: The run cannot be used, the folder not be written, or the memory is too small.
        BackendError: The runtime cannot be used.
    """
    observer = observer or Observer()
    trained = TrainedRun.open(run)
    targets = _targets(images, out)
    limit_bytes = None if memory_gib is None else int(memory_gib * 2**30)
    rooms = [_room(path, trained, runtime, limit_bytes) for path in images]
    largest = max(range(len(rooms)), key=lambda index: rooms[index].memory_bytes)
    observer.note(f"{images[largest]}: {rooms[largest]}")
    observer.phase("checking")
    for done, path in enumerate(images, start=1):
        preprocess(read_image(path), trained.plan)
        observer.tick(done / len(images), images=done)
    segmenter, _ = prepare(trained, runtime, device, tta=tta, observer=observer)
    observer.phase("segmenting")
    for done, (path, room, target) in enumerate(zip(images, rooms, targets, strict=True), start=1):
        image = read_image(path)
        labels = segment(segmenter, image, trained, out if room.disk_bytes else None)
        write_label(labels, image.grid, target, trained.task.values if is_picture(target) else None)
        observer.tick(done / len(images), images=done)
    return targets


def prepare(
    trained: TrainedRun, runtime: Wanted, device: str, *, tta: bool, observer: Observer
) -> tuple[Segmenter, Runtime]:
    """Return what segments images, and the runtime in it; an observer hears which, and why.

    Raises:
        RunError: The device is not there, or flips are asked of a network that saw none.
        BackendError: The weights or the runtime cannot be used.
    """
    if tta:
        trained.require_mirrored()
    choice = trained.runtime(runtime, device)
    if runtime != "torch":
        observer.note(str(choice))
    chosen = choice.runtime
    return Segmenter(chosen, trained.plan, chosen.device, tta=tta), chosen


def segment(
    segmenter: Segmenter, image: Image, trained: TrainedRun, scratch: Path | None = None
) -> NDArray[np.int16]:
    """Segment one image on its own voxels.

    Args:
        segmenter: Of the run.
        image: As read.
        trained: The run.
        scratch: Folder for the sums of the classes while it works; in memory when not given.

    Shape:
        out  (D, H, W) or (H, W)

    Raises:
        RunError: The memory or the disk does not suffice.
    """
    with memory_errors(image.source, "another --device or a smaller image may do"):
        array = torch.from_numpy(preprocess(image, trained.plan))
        return restore(segmenter.classes(array, scratch), image, trained.plan)


def _room(path: Path, trained: TrainedRun, runtime: Wanted, limit_bytes: int | None) -> Room:
    """Say what an image will take, from its header alone; refuse one that takes too much."""
    header = read_header(path)
    trained.check(header, path)
    return trained.footprint(header, runtime).fits(limit_bytes)


def _suffix(path: Path) -> str:
    """Return the format of an output: a picture for a picture, NIfTI for everything else."""
    if not is_picture(path):
        return ".nii.gz"
    return ".tif" if path.suffix.lower().startswith(".tif") else ".png"


def _targets(images: Sequence[Path], out: Path) -> list[Path]:
    """Name the outputs, and refuse to write one over another or over an input."""
    # The name of "." is that of the folder; a link keeps its own name.
    names = [case_id(Path(os.path.abspath(path))) for path in images]  # noqa: PTH100
    targets = [out / f"{name}{_suffix(path)}" for name, path in zip(names, images, strict=True)]
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
