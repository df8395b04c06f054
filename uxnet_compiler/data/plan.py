"""Decide voxel spacing, patch size, strides and normalisation from a fingerprint.

Source: the rules are those of nnU-Net (Isensee et al., Nature Methods 2021,
doi 10.1038/s41592-020-01008-z) in a plainer form. Ours: the spacing is the median also for
anisotropic data, and a patch that does not fit the memory loses its longest side in mm first.
"""

from __future__ import annotations

from math import ceil, prod
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uxnet_compiler.data.fingerprint import SMALLEST_AXIS, Fingerprint, Intensities
from uxnet_compiler.errors import DataError

_MASKED_ZERO_FRACTION = 0.25  # nnU-Net normalises inside the mask when a quarter is background

_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Size = Annotated[int, Field(ge=1, le=65536)]
Strides = tuple[tuple[int, ...], ...]


class CtNormalisation(BaseModel):
    """Clip to [low, high], then subtract the mean and divide by the deviation of the data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ct"] = "ct"
    low: _Finite
    high: _Finite
    mean: _Finite
    std: _Positive


class ZScoreNormalisation(BaseModel):
    """Subtract the mean and divide by the deviation of each image.

    With `nonzero`, both are taken over the voxels that are not zero, and zero voxels stay zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["zscore"] = "zscore"
    nonzero: bool


Normalisation = Annotated[CtNormalisation | ZScoreNormalisation, Field(discriminator="kind")]


class Plan(BaseModel):
    """How images become patches: everything that training and prediction must do alike.

    `spacing` (mm), `patch_size` (voxels) and each level of `strides` are in the order D, H, W;
    `normalisation` has one entry a channel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spatial_dims: int = Field(ge=2, le=3)
    spacing: tuple[_Positive, ...]
    patch_size: tuple[_Size, ...]
    strides: tuple[tuple[Annotated[int, Field(ge=1, le=8)], ...], ...] = Field(
        min_length=1, max_length=16
    )
    batch_size: int = Field(ge=1, le=4096)
    normalisation: tuple[Normalisation, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _check_axes(self) -> Self:
        if any(
            len(values) != self.spatial_dims
            for values in (self.spacing, self.patch_size, *self.strides)
        ):
            raise ValueError("spacing, patch_size and strides need one number an axis")
        if set(self.strides[0]) != {1}:
            raise ValueError("the first level is the full resolution: its strides are 1")
        if any(
            size % stride for size, stride in zip(self.patch_size, self.total_stride, strict=True)
        ):
            raise ValueError("patch_size has to be a multiple of the total stride")
        return self

    @property
    def num_channels(self) -> int:
        """Count of image channels."""
        return len(self.normalisation)

    @property
    def total_stride(self) -> tuple[int, ...]:
        """Product of the strides of all levels, per axis."""
        return _total(self.strides)


def plan(
    fingerprint: Fingerprint,
    *,
    max_levels: int = 4,
    strides: Strides | None = None,
    batch_size: int = 2,
    memory_bytes: int,
    bytes_per_voxel: float,
) -> Plan:
    """Plan the preprocessing and the patches for a data set.

    The patch is the median image, rounded up so that every level divides it, and shrunk until a
    batch fits the memory. Axes are halved while their voxels are within a factor 2 of the finest
    spacing and the deepest level keeps 4 voxels.

    Args:
        fingerprint: What was measured.
        max_levels: Count of resolutions at most, when the strides are not given.
        strides: The strides of a genotype, per level; then only the patch is planned.
        batch_size: Patches in a batch.
        memory_bytes: Memory that a training step may take.
        bytes_per_voxel: Memory that a step takes per voxel of its batch.

    Raises:
        DataError: The strides are for another number of axes, or not even the smallest patch fits.
    """
    if strides is not None and any(len(level) != fingerprint.spatial_dims for level in strides):
        raise DataError(
            f"the network is {len(strides[0])}-D and the data set {fingerprint.spatial_dims}-D; "
            "both have to be the same"
        )
    wanted = list(fingerprint.median_shape)
    while True:
        chosen = strides or _strides(tuple(wanted), fingerprint.median_spacing, max_levels)
        patch = _rounded_up(tuple(wanted), _total(chosen))
        needed = batch_size * prod(patch) * bytes_per_voxel
        if needed <= memory_bytes:
            break
        shrinkable = [
            axis
            for axis, (size, stride) in enumerate(zip(patch, _total(chosen), strict=True))
            if size - stride >= SMALLEST_AXIS * (stride if strides else 1)
        ]
        if not shrinkable:
            raise DataError(
                f"a batch of {batch_size} of the smallest patch {patch} needs "
                f"{ceil(needed / 2**20)} MiB and {memory_bytes // 2**20} MiB are there; "
                "a smaller batch, fewer levels or fewer channels would fit"
            )
        axis = max(shrinkable, key=lambda i: (patch[i] * fingerprint.median_spacing[i], -i))
        wanted[axis] = patch[axis] - _total(chosen)[axis]
    return Plan(
        spatial_dims=fingerprint.spatial_dims,
        spacing=fingerprint.median_spacing,
        patch_size=patch,
        strides=chosen,
        batch_size=batch_size,
        normalisation=tuple(
            _normalisation(intensities, fingerprint.zero_fraction)
            for intensities in fingerprint.intensities
        ),
    )


def _strides(shape: tuple[int, ...], spacing: tuple[float, ...], max_levels: int) -> Strides:
    """Halve what can be halved, level by level, until no axis can or there are enough levels."""
    levels = [(1,) * len(shape)]
    while len(levels) < max_levels:
        total = _total(tuple(levels))
        long = [axis for axis, size in enumerate(shape) if size >= 2 * SMALLEST_AXIS * total[axis]]
        if not long:
            break
        now = [distance * factor for distance, factor in zip(spacing, total, strict=True)]
        finest = min(now[axis] for axis in long)
        levels.append(
            tuple(2 if axis in long and now[axis] < 2 * finest else 1 for axis in range(len(shape)))
        )
    return tuple(levels)


def _rounded_up(shape: tuple[int, ...], total: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(
        max(SMALLEST_AXIS, ceil(size / stride)) * stride
        for size, stride in zip(shape, total, strict=True)
    )


def _total(strides: Strides) -> tuple[int, ...]:
    return tuple(prod(level[axis] for level in strides) for axis in range(len(strides[0])))


def _normalisation(intensities: Intensities | None, zero_fraction: float) -> Normalisation:
    if intensities is None:
        return ZScoreNormalisation(nonzero=zero_fraction >= _MASKED_ZERO_FRACTION)
    return CtNormalisation(
        low=intensities.percentile_00_5,
        high=intensities.percentile_99_5,
        mean=intensities.mean,
        std=max(intensities.std, 1e-6),
    )
