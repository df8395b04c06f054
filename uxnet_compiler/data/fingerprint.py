"""Measure what preprocessing and the plan need to know about a data set: aggregates only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.images import Image, read_image, read_label
from uxnet_compiler.data.parallel import in_parallel
from uxnet_compiler.data.store import Store, Tensors
from uxnet_compiler.errors import DataError
from uxnet_compiler.wording import counted

SMALLEST_AXIS = 4  # voxels; below it a pooled axis, and bf16 convolutions, degenerate
_SAMPLES_PER_CASE = 10_000  # foreground voxels for the intensity statistics, as nnU-Net takes

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Fraction = Annotated[float, Field(ge=0, le=1)]


class Intensities(BaseModel):
    """Statistics of one channel over the foreground voxels of all cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: _Finite
    std: _Finite = Field(ge=0)
    percentile_00_5: _Finite
    percentile_99_5: _Finite


class Fingerprint(BaseModel):
    """A data set in a few numbers, none of them of a single patient.

    `median_shape` is in voxels of `median_spacing` (mm); `zero_fraction` is the median share of
    voxels that are exactly zero in every channel; `intensities` holds one entry a channel, None
    where the modality is not CT, since only CT numbers mean the same in every image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spatial_dims: int = Field(ge=2, le=3)
    num_cases: int = Field(ge=1)
    median_shape: tuple[int, ...]
    median_spacing: tuple[_Positive, ...]
    channels: tuple[str, ...]
    intensities: tuple[Intensities | None, ...]
    class_fractions: tuple[_Fraction, ...]
    zero_fraction: _Fraction


def is_ct(channel: str) -> bool:
    """Say whether a channel's name means computed tomography."""
    return channel.strip().upper() == "CT"


def fingerprint(
    dataset: Dataset, progress: Callable[[int, int], None] | None = None
) -> Fingerprint:
    """Measure a data set, and check each of its images and label maps on the way.

    Files that were measured before and have not changed since are not read again.

    Args:
        dataset: The data set; every training case is read once.
        progress: Called with the count of cases done and the count of all.

    Raises:
        DataError: A case cannot be used, or no case has a foreground voxel.
        RunError: The cache cannot be written.
    """
    facts = in_parallel(_measurement(dataset), dataset.cases, progress)
    spacings = [each["spacing"].numpy() for each in facts]
    for case, spacing in zip(dataset.cases, spacings, strict=True):
        if len(spacing) != len(spacings[0]):
            raise DataError(
                f"{case.image}: {len(spacing)}-D, and the cases before it {len(spacings[0])}-D; "
                "all images of a data set have the same number of axes"
            )
    extents = [each["spacing"].numpy() * each["shape"].numpy() for each in facts]
    counts = np.sum([each["counts"].numpy() for each in facts], axis=0)
    zero_fractions = [each["zero_fraction"].item() for each in facts]
    if not counts[1:].any():
        raise DataError(f"{dataset.root}: no case has a voxel of a class; all label maps are empty")
    median = np.array([float(f"{value:.6g}") for value in np.median(spacings, axis=0)])
    shape = np.rint(np.median(np.array(extents) / median, axis=0)).astype(int)
    return Fingerprint(
        spatial_dims=len(median),
        num_cases=len(dataset.cases),
        median_shape=tuple(shape.tolist()),
        median_spacing=tuple(median.tolist()),
        channels=dataset.channels,
        intensities=tuple(
            _intensities([each[_sample(channel)].numpy() for each in facts if is_ct(name)])
            for channel, name in enumerate(dataset.channels)
        ),
        class_fractions=tuple((counts / counts.sum()).tolist()),
        zero_fraction=float(np.median(zero_fractions)),
    )


def read_case(dataset: Dataset, case: Case) -> tuple[Image, NDArray[np.int16]]:
    """Read one case of a data set and check that it fits the others.

    Raises:
        DataError: The image or the label map cannot be used, the image has another number of
            channels than the data set, or an axis is too short.
    """
    image = read_image(case.image)
    if image.num_channels != dataset.num_channels:
        raise DataError(
            f"{case.image}: {counted(image.num_channels, 'channel')}; the data set has "
            f"{dataset.num_channels} ({', '.join(dataset.channels)})"
        )
    if min(image.grid.shape) < SMALLEST_AXIS:
        raise DataError(
            f"{case.image}: {_times(image.grid.shape)} voxels; every axis needs {SMALLEST_AXIS} "
            "or more"
        )
    return image, read_label(case.label, image, dataset.num_classes, dataset.values)


def _measurement(dataset: Dataset) -> Callable[[Case], Tensors]:
    """Return what measures a case, or finds what was measured of the same files before."""
    store = Store("facts", (sys.modules[__name__],))
    ct = [channel for channel, name in enumerate(dataset.channels) if is_ct(name)]
    how = ["facts", dataset.num_channels, dataset.num_classes, dataset.values, ct]

    def measure(case: Case) -> Tensors:
        image, label = read_case(dataset, case)
        foreground = np.flatnonzero(label)
        every = max(1, -(-len(foreground) // _SAMPLES_PER_CASE))
        facts = {
            "spacing": np.array(image.spacing),
            "shape": np.array(image.grid.shape),
            "zero_fraction": np.array([np.mean(~image.array.any(axis=0))]),
            "counts": np.bincount(label.ravel(), minlength=dataset.num_classes),
        }
        for channel in ct:
            facts[_sample(channel)] = image.array[channel].ravel()[foreground[::every]]
        return {name: torch.from_numpy(value) for name, value in facts.items()}

    return lambda case: store.get((case.image, case.label), how, lambda: measure(case))


def _sample(channel: int) -> str:
    return f"sample{channel}"


def _intensities(samples: list[NDArray[np.float32]]) -> Intensities | None:
    if not samples:
        return None
    values = np.concatenate(samples).astype(np.float64)
    low, high = np.percentile(values, (0.5, 99.5))
    return Intensities(
        mean=float(values.mean()),
        std=float(values.std()),
        percentile_00_5=float(low),
        percentile_99_5=float(high),
    )


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)
