"""Ops without weights that make a grid coarser or finer."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from uxnet_compiler.ops.base import Op, Stride, only
from uxnet_compiler.ops.types import TensorType, spell_factor


class _Resample(Op):
    """Base: one factor per axis, channels untouched."""

    factor: Stride

    @property
    def axes(self) -> int:
        """Return the number of spatial axes."""
        return len(self.factor)


class MaxPool(_Resample):
    """Keep the largest value of each block of `factor` voxels.

    Shape:
        x    (B, C, D, H, W)
        out  (B, C, D / f, H / f, W / f)
    """

    op: Literal["max_pool@1"] = "max_pool@1"

    @property
    def label(self) -> str:
        """Return `max /2`."""
        return f"max /{spell_factor(self.factor)}"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the same channels on the coarser grid."""
        x = only(inputs)
        return TensorType(x.channels, x.coarser(self.factor))


class AvgPool(_Resample):
    """Average each block of `factor` voxels.

    Shape:
        x    (B, C, D, H, W)
        out  (B, C, D / f, H / f, W / f)
    """

    op: Literal["avg_pool@1"] = "avg_pool@1"
    linear: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Return `avg /2`."""
        return f"avg /{spell_factor(self.factor)}"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the same channels on the coarser grid."""
        x = only(inputs)
        return TensorType(x.channels, x.coarser(self.factor))


class Upsample(_Resample):
    """Interpolate to a grid that is `factor` times finer.

    Shape:
        x    (B, C, D, H, W)
        out  (B, C, D f, H f, W f)

    Attributes:
        mode: Linear along each axis, or the nearest voxel.
        align_corners: Put the centres of the outermost voxels, not their edges, on each other;
            for linear interpolation alone.
    """

    op: Literal["upsample@1"] = "upsample@1"
    mode: Literal["linear", "nearest"] = "linear"
    align_corners: bool = False
    linear: ClassVar[bool] = True

    @model_validator(mode="after")
    def _corners_of_lines(self) -> Self:
        if self.align_corners and self.mode == "nearest":
            raise ValueError("align_corners is for linear interpolation")
        return self

    @property
    def label(self) -> str:
        """Return `linear x2`."""
        return f"{self.mode} x{spell_factor(self.factor)}"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the same channels on the finer grid."""
        x = only(inputs)
        return TensorType(x.channels, x.finer(self.factor))


class Downsample(_Resample):
    """Interpolate linearly to a grid that is `factor` times coarser.

    Shape:
        x    (B, C, D, H, W)
        out  (B, C, D / f, H / f, W / f)

    Attributes:
        align_corners: As for `upsample@1`.
    """

    op: Literal["downsample@1"] = "downsample@1"
    align_corners: bool = False
    linear: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Return `linear /2`."""
        return f"linear /{spell_factor(self.factor)}"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the same channels on the coarser grid."""
        x = only(inputs)
        return TensorType(x.channels, x.coarser(self.factor))


RESAMPLERS: tuple[type[Op], ...] = (MaxPool, AvgPool, Upsample, Downsample)
