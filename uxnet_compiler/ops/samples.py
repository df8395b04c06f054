"""Samples of every op of the table: what the tests of every back end go through."""

from __future__ import annotations

from uxnet_compiler.ops.base import Op
from uxnet_compiler.ops.conv import Conv, TransposedConv
from uxnet_compiler.ops.merge import Concat, Output, Sum
from uxnet_compiler.ops.pointwise import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LeakyRelu,
    Relu,
    Scale,
    SqueezeExcite,
)
from uxnet_compiler.ops.resample import AvgPool, Downsample, MaxPool, Upsample
from uxnet_compiler.ops.types import TensorType

COARSE = TensorType(4, (2, 2, 4))
FLAT = TensorType(6, (2, 4))

SAMPLES: tuple[tuple[Op, tuple[TensorType, ...]], ...] = (
    (Conv(kernel=(3, 3, 3), channels=5), (COARSE,)),
    (Conv(kernel=(1, 3, 3), stride=(1, 2, 2), channels=5, bias=True), (COARSE,)),
    (Conv(kernel=(5, 5, 5), dilation=(2, 1, 2), channels=3), (COARSE,)),
    (Conv(kernel=(3, 3, 3), groups="input", channels=8), (COARSE,)),
    (Conv(kernel=(7, 1), stride=(4, 3), groups=2, channels=4), (FLAT,)),
    (Conv(kernel=(1, 1, 1), stride=(2, 2, 2), offset=(1, 1, 1), channels=3), (COARSE,)),
    (Conv(kernel=(1, 1), stride=(2, 2), offset=(0, 1), channels=3, bias=True), (FLAT,)),
    (TransposedConv(stride=(2, 1, 4), channels=5), (COARSE,)),
    (TransposedConv(stride=(2, 2), channels=5, bias=True), (FLAT,)),
    (TransposedConv(stride=(1, 2, 2), kernel=(3, 3, 3), channels=5), (COARSE,)),
    (TransposedConv(stride=(2, 2), kernel=(3, 3), groups="input", channels=6), (FLAT,)),
    (TransposedConv(stride=(2, 2), kernel=(3, 3), dilation=(2, 2), channels=4), (FLAT,)),
    (MaxPool(factor=(1, 2, 2)), (COARSE,)),
    (MaxPool(factor=(3, 2)), (FLAT,)),
    (AvgPool(factor=(2, 2, 1)), (COARSE,)),
    (AvgPool(factor=(2, 2)), (FLAT,)),
    (Upsample(factor=(2, 1, 4)), (COARSE,)),
    (Upsample(factor=(2, 2), mode="nearest"), (FLAT,)),
    (Upsample(factor=(1, 4)), (FLAT,)),
    (Upsample(factor=(2, 2, 2), align_corners=True), (COARSE,)),
    (Downsample(factor=(2, 2, 2), align_corners=True), (COARSE,)),
    (Downsample(factor=(2, 4)), (FLAT,)),
    (InstanceNorm(), (COARSE,)),
    (InstanceNorm(eps=1e-3), (FLAT,)),
    (BatchNorm(), (COARSE,)),
    (BatchNorm(), (FLAT,)),
    (GroupNorm(groups=2), (COARSE,)),
    (GroupNorm(groups=3), (FLAT,)),
    (GroupNorm(size=2), (COARSE,)),
    (GroupNorm(size=16), (FLAT,)),
    (Relu(), (COARSE,)),
    (LeakyRelu(slope=0.2), (FLAT,)),
    (Scale(factor=0.75), (COARSE,)),
    (SqueezeExcite(reduction=2), (COARSE,)),
    (SqueezeExcite(), (FLAT,)),
    (Sum(), (COARSE, COARSE, COARSE)),
    (Concat(), (COARSE, TensorType(3, COARSE.scale))),
    (Output(), (FLAT,)),
)
"""Every op but the input, with inputs that it can take."""
