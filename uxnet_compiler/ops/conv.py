"""Convolutions: plain, strided, dilated, grouped and transposed."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops.base import Dilation, Kernel, Op, Resized, Stride, only, voxels
from uxnet_compiler.ops.types import TensorType, spell, spell_factor


class Conv(Resized):
    """Convolve with zero padding that keeps the grid, or divides it by `stride`.

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D / s, H / s, W / s)

    Maths:
        padding = dilation (k - 1) / 2, hence odd kernels only
        params  = Co Ci k^3 / g (+ Co with a bias)
        macs    = V Co Ci k^3 / g, V = voxels of the result
    """

    op: Literal["conv@1"] = "conv@1"
    kernel: Kernel
    stride: Stride | None = None
    dilation: Dilation | None = None
    groups: Annotated[int, Field(ge=1, le=65536)] | Literal["input"] = 1
    linear: ClassVar[bool] = True

    @model_validator(mode="after")
    def _same_axes(self) -> Self:
        if any(k % 2 == 0 for k in self.kernel):
            raise ValueError(f"kernel {spell(self.kernel)} has an even side; use odd sides")
        for name in ("stride", "dilation"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.kernel):
                raise ValueError(f"{name} needs {len(self.kernel)} numbers, as the kernel has")
            if given is not None and set(given) == {1}:
                raise ValueError(f"{name} of all ones is the default: leave it out")
        return self

    @property
    def axes(self) -> int:
        """Return the number of spatial axes."""
        return len(self.kernel)

    @property
    def strides(self) -> tuple[int, ...]:
        """Return the stride per axis."""
        return self.stride or (1,) * self.axes

    @property
    def dilations(self) -> tuple[int, ...]:
        """Return the dilation per axis."""
        return self.dilation or (1,) * self.axes

    @property
    def padding(self) -> tuple[int, ...]:
        """Return the zeros added on each side, per axis."""
        return tuple(d * (k - 1) // 2 for d, k in zip(self.dilations, self.kernel, strict=True))

    @property
    def label(self) -> str:
        """Return `3x3x3`, with `/2` for a stride and `d2` for a dilation."""
        text = spell(self.kernel)
        if self.stride is not None:
            text += f" /{spell_factor(self.stride)}"
        if self.dilation is not None:
            text += f" d{spell_factor(self.dilation)}"
        return text

    def group_count(self, given: int) -> int:
        """Return the number of groups for that many input channels."""
        return given if self.groups == "input" else self.groups

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return Co channels on the grid divided by the stride."""
        x = only(inputs)
        groups = self.group_count(x.channels)
        if x.channels % groups or self.out_channels % groups:
            raise GraphError(
                f"{groups} groups do not divide {x.channels} -> {self.out_channels} channels"
            )
        return TensorType(self.out_channels, x.coarser(self.strides))

    def params(self, inputs: tuple[TensorType, ...]) -> int:
        """Return Co Ci k^3 / g, and Co for a bias."""
        given = only(inputs).channels
        weights = self.out_channels * given * math.prod(self.kernel) // self.group_count(given)
        return weights + self.bias * self.out_channels

    def macs(self, inputs: tuple[TensorType, ...], image_size: tuple[int, ...]) -> int:
        """Return V Co Ci k^3 / g."""
        given = only(inputs).channels
        each = self.out_channels * given * math.prod(self.kernel) // self.group_count(given)
        return voxels(self.infer(inputs), image_size) * each


class TransposedConv(Resized):
    """Upsample by a transposed convolution whose kernel equals its stride.

    Nothing overlaps, so there is no checkerboard, no output padding, and every runtime has it.

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D s, H s, W s)

    Maths:
        params = Ci Co s^3 (+ Co with a bias)
        macs   = V Ci Co s^3, V = voxels of the input
    """

    op: Literal["transposed_conv@1"] = "transposed_conv@1"
    stride: Stride
    linear: ClassVar[bool] = True

    @property
    def axes(self) -> int:
        """Return the number of spatial axes."""
        return len(self.stride)

    @property
    def label(self) -> str:
        """Return `deconv x2`."""
        return f"deconv x{spell_factor(self.stride)}"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return Co channels on the grid multiplied by the stride."""
        return TensorType(self.out_channels, only(inputs).finer(self.stride))

    def params(self, inputs: tuple[TensorType, ...]) -> int:
        """Return Ci Co s^3, and Co for a bias."""
        weights = only(inputs).channels * self.out_channels * math.prod(self.stride)
        return weights + self.bias * self.out_channels

    def macs(self, inputs: tuple[TensorType, ...], image_size: tuple[int, ...]) -> int:
        """Return V Ci Co s^3."""
        x = only(inputs)
        return voxels(x, image_size) * x.channels * self.out_channels * math.prod(self.stride)


CONVOLUTIONS: tuple[type[Op], ...] = (Conv, TransposedConv)
