"""Ops without weights that make a grid coarser or finer."""

from __future__ import annotations

from typing import ClassVar, Literal

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
    """Interpolate to a grid that is `factor` times finer, corners not aligned.

    Shape:
        x    (B, C, D, H, W)
        out  (B, C, D f, H f, W f)
    """

    op: Literal["upsample@1"] = "upsample@1"
    mode: Literal["linear", "nearest"] = "linear"
    linear: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Return `linear x2`."""
        return f"{self.mode} x{spell_factor(self.factor)}"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the same channels on the finer grid."""
        x = only(inputs)
        return TensorType(x.channels, x.finer(self.factor))


RESAMPLERS: tuple[type[Op], ...] = (MaxPool, AvgPool, Upsample)
