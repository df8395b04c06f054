"""Bring an image to the plan's spacing and intensities, and a prediction back to the image.

Resampling keeps the extent of the image: the outer faces of the first and the last voxel stay
where they are, so the voxel size after it differs from the plan's by less than half a voxel over
the whole axis.
"""

# mypy: disallow-untyped-calls=False
# SimpleITK has no type annotations.

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its documentation uses
from numpy.typing import NDArray

from uxnet_compiler.data.fingerprint import SMALLEST_AXIS
from uxnet_compiler.data.headers import Header
from uxnet_compiler.data.images import Image
from uxnet_compiler.data.plan import CtNormalisation, Plan
from uxnet_compiler.errors import DataError
from uxnet_compiler.wording import counted

_ANISOTROPIC = 3.0  # nnU-Net's threshold: beyond it, a cubic spline overshoots between slices


def preprocess(image: Image, plan: Plan) -> NDArray[np.float32]:
    """Resample and normalise an image for the network.

    Shape:
        out  (C, D, H, W) or (C, H, W)

    Raises:
        DataError: The image does not fit the plan, or an axis is too short after resampling.
    """
    shape = planned_shape(image, plan)
    interpolator = sitk.sitkBSpline
    for spacing in (image.spacing, plan.spacing):
        if max(spacing) > _ANISOTROPIC * min(spacing):
            interpolator = sitk.sitkLinear
    array = np.stack([_resample(channel, shape, interpolator) for channel in image.array])
    # Zero is background before resampling; a spline would smear it.
    used = np.asarray(image.array.any(axis=0), dtype=np.uint8)
    nonzero = _resample(used, shape, sitk.sitkNearestNeighbor).astype(bool)
    for index, rule in enumerate(plan.normalisation):
        if isinstance(rule, CtNormalisation):
            array[index] = (np.clip(array[index], rule.low, rule.high) - rule.mean) / rule.std
        else:
            _standardise(array[index], nonzero if rule.nonzero else np.ones_like(nonzero))
    return array


def preprocess_label(label: NDArray[np.int16], image: Image, plan: Plan) -> NDArray[np.int16]:
    """Resample a label map to the grid that `preprocess` gives its image."""
    return _resample(label, planned_shape(image, plan), sitk.sitkNearestNeighbor)


def restore(
    scores: Iterable[NDArray[np.floating[Any]]], image: Image, plan: Plan
) -> NDArray[np.int16]:
    """Turn logits or probabilities on the plan's grid into labels on the image's own voxels.

    One class is taken and resampled at a time, so they need not lie in memory together.

    Shape:
        scores  K of (D, H, W) or (H, W), on the grid of `preprocess(image, plan)`
        out     (D, H, W) or (H, W), the grid of `image`
    """
    planned = planned_shape(image, plan)
    best = np.full(image.grid.shape, -np.inf, dtype=np.float32)
    labels = np.zeros(image.grid.shape, dtype=np.int16)
    for value, score in enumerate(scores):
        assert score.shape == planned, (score.shape, image.grid.shape)
        here = _resample(np.asarray(score, dtype=np.float32), image.grid.shape, sitk.sitkLinear)
        better = here > best
        best[better] = here[better]
        labels[better] = value
    return labels


def planned_shape(image: Image | Header, plan: Plan) -> tuple[int, ...]:
    """Return the size that `preprocess` gives an image.

    Raises:
        DataError: The image does not fit the plan, or an axis is too short after resampling.
    """
    if image.spatial_dims != plan.spatial_dims:
        raise DataError(
            f"{image.source}: {image.spatial_dims}-D image, and the plan is {plan.spatial_dims}-D"
        )
    if image.num_channels != plan.num_channels:
        raise DataError(
            f"{image.source}: {counted(image.num_channels, 'channel')},"
            f" and the plan has {plan.num_channels}"
        )
    shape = tuple(
        max(1, round(size * mine / wanted))
        for size, mine, wanted in zip(image.grid.shape, image.spacing, plan.spacing, strict=True)
    )
    if min(shape) < SMALLEST_AXIS:
        raise DataError(
            f"{image.source}: {image.grid.shape} voxels become {shape} at the planned spacing "
            f"{plan.spacing} mm; every axis needs {SMALLEST_AXIS} or more"
        )
    return shape


def _resample(array: NDArray[Any], shape: tuple[int, ...], interpolator: int) -> NDArray[Any]:
    """Resample one array so that its outer faces stay where they are."""
    if array.shape == shape:
        return array.copy()
    picture = sitk.GetImageFromArray(array)
    scale = [old / new for old, new in zip(picture.GetSize(), shape[::-1], strict=True)]
    resampled = sitk.Resample(
        picture,
        shape[::-1],
        sitk.Transform(len(shape), sitk.sitkIdentity),
        interpolator,
        [(factor - 1) / 2 for factor in scale],
        scale,
        np.eye(len(shape)).ravel().tolist(),
    )
    return np.asarray(sitk.GetArrayFromImage(resampled))


def _standardise(channel: NDArray[np.float32], where: NDArray[np.bool_]) -> None:
    """Give the chosen voxels mean 0 and deviation 1, in place, and set the others to 0."""
    values = channel[where].astype(np.float64)
    mean, std = (values.mean(), values.std()) if values.size else (0.0, 1.0)
    channel -= np.float32(mean)
    channel /= np.float32(max(std, 1e-6))
    channel[~where] = 0
