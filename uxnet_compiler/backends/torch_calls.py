"""What each op is in torch: a layer that is made, and the calls that it becomes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.ops import (
    AvgPool,
    BatchNorm,
    Conv,
    Downsample,
    GroupNorm,
    InstanceNorm,
    LeakyRelu,
    MaxPool,
    Op,
    Relu,
    Scale,
    SqueezeExcite,
    TensorType,
    TransposedConv,
    Upsample,
)

Layer = Callable[[Any, TensorType], nn.Module]


def _conv(op: Conv, given: TensorType) -> nn.Module:
    return {2: nn.Conv2d, 3: nn.Conv3d}[op.axes](
        given.channels,
        op.out_channels,
        op.kernel,  # type: ignore[arg-type]  # a tuple per axis is what both classes take
        stride=op.strides,  # type: ignore[arg-type]
        padding=op.padding,  # type: ignore[arg-type]
        dilation=op.dilations,  # type: ignore[arg-type]
        groups=op.group_count(given.channels),
        bias=op.bias,
    )


def _transposed_conv(op: TransposedConv, given: TensorType) -> nn.Module:
    return {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[op.axes](
        given.channels,
        op.out_channels,
        op.kernels,  # type: ignore[arg-type]
        stride=op.stride,  # type: ignore[arg-type]
        padding=op.padding,  # type: ignore[arg-type]
        output_padding=op.output_padding,  # type: ignore[arg-type]
        dilation=op.dilations,  # type: ignore[arg-type]
        groups=op.group_count(given.channels),
        bias=op.bias,
    )


def _instance_norm(op: InstanceNorm, given: TensorType) -> nn.Module:
    kind = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}[given.spatial_dims]
    return kind(given.channels, eps=op.eps, affine=True)


def _batch_norm(op: BatchNorm, given: TensorType) -> nn.Module:
    kind = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[given.spatial_dims]
    return kind(given.channels, eps=op.eps)


def _group_norm(op: GroupNorm, given: TensorType) -> nn.Module:
    return nn.GroupNorm(op.group_count(given.channels), given.channels, eps=op.eps)


def _fully_connected(op: SqueezeExcite, given: TensorType) -> nn.Module:
    hidden = op.hidden(given.channels)
    return nn.ModuleDict(
        {
            "squeeze": nn.Linear(given.channels, hidden),
            "excite": nn.Linear(hidden, given.channels),
        }
    )


LAYERS: dict[str, Layer] = {
    "conv@1": _conv,
    "transposed_conv@1": _transposed_conv,
    "instance_norm@1": _instance_norm,
    "batch_norm@1": _batch_norm,
    "group_norm@1": _group_norm,
    "squeeze_excite@1": _fully_connected,
}
"""Ops with weights: the module for an op and the type of its input."""


class Emitter:
    """What an op writes itself into: a traced graph, the op's name and its inputs.

    Attributes:
        graph: Where the calls go.
        name: Under which the op's module is found.
        inputs: What it reads.
        rank: Number of spatial axes of what it reads.
        in_place: Whether it may overwrite its first input.
    """

    def __init__(
        self,
        graph: fx.Graph,
        name: str,
        inputs: tuple[fx.Node, ...],
        *,
        rank: int,
        in_place: bool = False,
    ) -> None:
        self.graph = graph
        self.name = name
        self.inputs = inputs
        self.rank = rank
        self.in_place = in_place

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> fx.Node:
        """Write a call of a function."""
        return self.graph.call_function(function, arguments, options)


def _module(emit: Emitter, _op: Op) -> fx.Node:
    return emit.graph.call_module(emit.name, emit.inputs)


def _offset_conv(emit: Emitter, op: Conv) -> fx.Node:
    if op.offset is None:
        return _module(emit, op)
    everything = slice(None)
    index = (everything, everything, *(slice(o, None) if o else everything for o in op.offset))
    cut = emit.call(operator.getitem, emit.inputs[0], index)
    return emit.graph.call_module(emit.name, (cut,))


def _max_pool(emit: Emitter, op: MaxPool) -> fx.Node:
    return emit.call({2: F.max_pool2d, 3: F.max_pool3d}[op.axes], emit.inputs[0], op.factor)


def _avg_pool(emit: Emitter, op: AvgPool) -> fx.Node:
    return emit.call({2: F.avg_pool2d, 3: F.avg_pool3d}[op.axes], emit.inputs[0], op.factor)


def _upsample(emit: Emitter, op: Upsample) -> fx.Node:
    factor = tuple(float(f) for f in op.factor)
    if op.mode == "nearest":
        return emit.call(F.interpolate, *emit.inputs, scale_factor=factor)
    return _linear(emit, factor, align_corners=op.align_corners)


def _downsample(emit: Emitter, op: Downsample) -> fx.Node:
    factor = tuple(1 / f for f in op.factor)
    return _linear(emit, factor, align_corners=op.align_corners)


def _linear(emit: Emitter, factor: tuple[float, ...], *, align_corners: bool) -> fx.Node:
    return emit.call(
        F.interpolate,
        *emit.inputs,
        scale_factor=factor,
        mode={2: "bilinear", 3: "trilinear"}[len(factor)],
        align_corners=align_corners,
    )


def _relu(emit: Emitter, _op: Relu) -> fx.Node:
    return emit.call(F.relu, emit.inputs[0], **_overwriting(emit))


def _leaky_relu(emit: Emitter, op: LeakyRelu) -> fx.Node:
    return emit.call(F.leaky_relu, emit.inputs[0], op.slope, **_overwriting(emit))


def _overwriting(emit: Emitter) -> dict[str, bool]:
    return {"inplace": True} if emit.in_place else {}


def _scale(emit: Emitter, op: Scale) -> fx.Node:
    return emit.call(operator.mul, emit.inputs[0], op.factor)


def _squeeze_excite(emit: Emitter, _op: SqueezeExcite) -> fx.Node:
    (x,) = emit.inputs
    mean = emit.call(torch.mean, x, tuple(range(2, 2 + emit.rank)))
    hidden = emit.call(F.relu, emit.graph.call_module(f"{emit.name}.squeeze", (mean,)))
    weight = emit.call(torch.sigmoid, emit.graph.call_module(f"{emit.name}.excite", (hidden,)))
    shape = (slice(None), slice(None), *(None,) * emit.rank)
    return emit.call(operator.mul, x, emit.call(operator.getitem, weight, shape))


def _sum(emit: Emitter, _op: Op) -> fx.Node:
    made, *others = emit.inputs
    ours = emit.in_place
    for other in others:
        # From the first addition on the result is ours to overwrite.
        made = emit.call(operator.iadd if ours else operator.add, made, other)
        ours = True
    return made


def _concat(emit: Emitter, _op: Op) -> fx.Node:
    return emit.call(torch.cat, list(emit.inputs), 1)


EMITTERS: dict[str, Callable[[Emitter, Any], fx.Node]] = {
    "conv@1": _offset_conv,
    "transposed_conv@1": _module,
    "instance_norm@1": _module,
    "batch_norm@1": _module,
    "group_norm@1": _module,
    "squeeze_excite@1": _squeeze_excite,
    "max_pool@1": _max_pool,
    "avg_pool@1": _avg_pool,
    "upsample@1": _upsample,
    "downsample@1": _downsample,
    "relu@1": _relu,
    "leaky_relu@1": _leaky_relu,
    "scale@1": _scale,
    "sum@1": _sum,
    "concat@1": _concat,
}
"""The calls that each op becomes."""
