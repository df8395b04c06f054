"""Convolutions: plain, strided, dilated, grouped and transposed."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops.base import Dilation, Kernel, Op, Resized, Stride, only, voxels
from uxnet_compiler.ops.types import TensorType, spell, spell_factor

Groups = Annotated[int, Field(ge=1, le=65536)] | Literal["input"]
Offset = Annotated[
    tuple[Annotated[int, Field(ge=0, le=63)], ...], Field(min_length=2, max_length=3)
]


class Conv(Resized):
    """Convolve with zero padding that keeps the grid, or divides it by `stride`.

    A kernel of one voxel with a stride may leave out the first `offset` voxels of each axis, so
    that two of them see different voxels (factorised reduction, as in DiNTS).

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D / s, H / s, W / s)

    Maths:
        out[i] = sum_t w[t] x[i s + offset + dilation t - padding]
        padding = dilation (k - 1) / 2, hence odd kernels only
        params  = Co Ci k^3 / g (+ Co with a bias)
        macs    = V Co Ci k^3 / g, V = voxels of the result
    """

    op: Literal["conv@1"] = "conv@1"
    kernel: Kernel
    stride: Stride | None = None
    dilation: Dilation | None = None
    groups: Groups = 1
    offset: Offset | None = None
    linear: ClassVar[bool] = True

    @model_validator(mode="after")
    def _same_axes(self) -> Self:
        if self.offset is not None:
            if len(self.offset) != len(self.kernel) or set(self.offset) == {0}:
                raise ValueError(f"offset needs {len(self.kernel)} numbers, not all 0")
            if set(self.kernel) != {1}:
                raise ValueError("offset is for kernels of one voxel")
            if any(o >= s for o, s in zip(self.offset, self.strides, strict=True)):
                raise ValueError("offset must be less than the stride")
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
        if self.offset is not None:
            text += f" +{spell_factor(self.offset)}"
        if self.groups == "input":
            text = f"dw {text}"
        return text

    def group_count(self, given: int) -> int:
        """Return the number of groups for that many input channels."""
        return given if self.groups == "input" else self.groups

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return Co channels on the grid divided by the stride."""
        x = only(inputs)
        _divide(self.group_count(x.channels), x.channels, self.out_channels)
        return TensorType(self.out_channels, x.coarser(self.strides))

    def weights(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:
        """Return (Co, Ci / g, k, k, k), and Co for a bias."""
        given = only(inputs).channels
        kernel = (self.out_channels, given // self.group_count(given), *self.kernel)
        return {"weight": kernel} | ({"bias": (self.out_channels,)} if self.bias else {})

    def macs(self, inputs: tuple[TensorType, ...], image_size: tuple[int, ...]) -> int:
        """Return V Co Ci k^3 / g."""
        each = math.prod(self.weights(inputs)["weight"])
        return voxels(self.infer(inputs), image_size) * each


class TransposedConv(Resized):
    """Upsample by a transposed convolution, by default with a kernel that equals its stride.

    Such a kernel overlaps nowhere, so there is no checkerboard and every runtime has it. An odd
    kernel overlaps, and pads so that the result is `stride` times finer all the same.

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D s, H s, W s)

    Maths:
        padding = dilation (k - 1) / 2, output padding = s - 1 for an odd kernel; else none
        params  = Ci Co k^3 / g (+ Co with a bias)
        macs    = V Ci Co k^3 / g, V = voxels of the input
    """

    op: Literal["transposed_conv@1"] = "transposed_conv@1"
    stride: Stride
    kernel: Kernel | None = None
    dilation: Dilation | None = None
    groups: Groups = 1
    linear: ClassVar[bool] = True

    @model_validator(mode="after")
    def _odd_or_equal(self) -> Self:
        if self.kernel is None and self.dilation is not None:
            raise ValueError("dilation needs a kernel")
        if self.kernel is not None:
            if len(self.kernel) != len(self.stride):
                raise ValueError(f"kernel needs {len(self.stride)} numbers, as the stride has")
            if any(k % 2 == 0 for k in self.kernel):
                raise ValueError(f"kernel {spell(self.kernel)} has an even side; use odd sides")
            if self.dilation is not None and len(self.dilation) != len(self.kernel):
                raise ValueError(f"dilation needs {len(self.kernel)} numbers, as the kernel has")
        return self

    @property
    def axes(self) -> int:
        """Return the number of spatial axes."""
        return len(self.stride)

    @property
    def label(self) -> str:
        """Return `deconv x2`, or `deconv 3x3x3 x2` for a kernel that is not the stride."""
        size = "" if self.kernel is None else f"{spell(self.kernel)} "
        dilation = "" if self.dilation is None else f" d{spell_factor(self.dilation)}"
        depthwise = "dw " if self.groups == "input" else ""
        return f"{depthwise}deconv {size}x{spell_factor(self.stride)}{dilation}"

    @property
    def kernels(self) -> tuple[int, ...]:
        """Return the kernel per axis."""
        return self.kernel or self.stride

    @property
    def dilations(self) -> tuple[int, ...]:
        """Return the dilation per axis."""
        return self.dilation or (1,) * self.axes

    @property
    def padding(self) -> tuple[int, ...]:
        """Return what is cut off on each side, per axis."""
        if self.kernel is None:
            return (0,) * self.axes
        return tuple(d * (k - 1) // 2 for d, k in zip(self.dilations, self.kernel, strict=True))

    @property
    def output_padding(self) -> tuple[int, ...]:
        """Return what is added at the end, per axis."""
        return (0,) * self.axes if self.kernel is None else tuple(s - 1 for s in self.stride)

    def group_count(self, given: int) -> int:
        """Return the number of groups for that many input channels."""
        return given if self.groups == "input" else self.groups

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return Co channels on the grid multiplied by the stride."""
        x = only(inputs)
        _divide(self.group_count(x.channels), x.channels, self.out_channels)
        return TensorType(self.out_channels, x.finer(self.stride))

    def weights(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:
        """Return (Ci, Co / g, k, k, k), and Co for a bias."""
        given = only(inputs).channels
        kernel = (given, self.out_channels // self.group_count(given), *self.kernels)
        return {"weight": kernel} | ({"bias": (self.out_channels,)} if self.bias else {})

    def macs(self, inputs: tuple[TensorType, ...], image_size: tuple[int, ...]) -> int:
        """Return V Ci Co k^3 / g."""
        each = math.prod(self.weights(inputs)["weight"])
        return voxels(only(inputs), image_size) * each


def _divide(groups: int, *channels: int) -> None:
    if any(count % groups for count in channels):
        raise GraphError(
            f"{groups} groups do not divide {' -> '.join(map(str, channels))} channels"
        )


CONVOLUTIONS: tuple[type[Op], ...] = (Conv, TransposedConv)
