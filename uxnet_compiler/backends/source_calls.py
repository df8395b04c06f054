"""What each op is in the source of a network: a layer that is made, and a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uxnet_compiler.backends.source_layout import Bracketed, Code, Infix, call
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


def _per_axis(numbers: tuple[int, ...]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else str(numbers)


def _unless(default: int, numbers: tuple[int, ...]) -> str | None:
    return None if set(numbers) == {default} else _per_axis(numbers)


def _conv(op: Conv, given: TensorType) -> Bracketed:
    return call(
        f"nn.Conv{op.axes}d",
        str(given.channels),
        str(op.out_channels),
        _per_axis(op.kernel),
        stride=_unless(1, op.strides),
        padding=_unless(0, op.padding),
        dilation=_unless(1, op.dilations),
        groups=_unless(1, (op.group_count(given.channels),)),
        bias=None if op.bias else "False",
    )


def _transposed_conv(op: TransposedConv, given: TensorType) -> Bracketed:
    return call(
        f"nn.ConvTranspose{op.axes}d",
        str(given.channels),
        str(op.out_channels),
        _per_axis(op.kernels),
        stride=_unless(1, op.stride),
        padding=_unless(0, op.padding),
        output_padding=_unless(0, op.output_padding),
        groups=_unless(1, (op.group_count(given.channels),)),
        bias=None if op.bias else "False",
        dilation=_unless(1, op.dilations),
    )


def _eps(op: InstanceNorm | BatchNorm | GroupNorm) -> str | None:
    return None if op.eps == 1e-5 else repr(op.eps)


def _instance_norm(op: InstanceNorm, given: TensorType) -> Bracketed:
    kind = f"nn.InstanceNorm{given.spatial_dims}d"
    return call(kind, str(given.channels), eps=_eps(op), affine="True")


def _batch_norm(op: BatchNorm, given: TensorType) -> Bracketed:
    return call(f"nn.BatchNorm{given.spatial_dims}d", str(given.channels), eps=_eps(op))


def _group_norm(op: GroupNorm, given: TensorType) -> Bracketed:
    groups = str(op.group_count(given.channels))
    return call("nn.GroupNorm", groups, str(given.channels), eps=_eps(op))


def _squeeze_excite(op: SqueezeExcite, given: TensorType) -> Bracketed:
    return call("SqueezeExcite", str(given.channels), str(op.hidden(given.channels)))


LAYER_CALLS: dict[str, Callable[[Any, TensorType], Bracketed]] = {
    "conv@1": _conv,
    "transposed_conv@1": _transposed_conv,
    "instance_norm@1": _instance_norm,
    "batch_norm@1": _batch_norm,
    "group_norm@1": _group_norm,
    "squeeze_excite@1": _squeeze_excite,
}
"""Ops with weights: what makes the layer."""


def squeeze_excite_class(rank: int) -> str:
    """Return the one layer that torch does not have, for maps of that many spatial axes."""
    axes = ", ".join(str(axis) for axis in range(2, 2 + rank))
    return f'''\
class SqueezeExcite(nn.Module):
    """Weigh each channel by what all channels look like on the whole."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        weight = F.relu(self.squeeze(x.mean(({axes}))))
        weight = torch.sigmoid(self.excite(weight))
        return x * weight[:, :{", None" * rank}]
'''


@dataclass(frozen=True)
class Use:
    """Where an op stands in `forward`.

    Attributes:
        layer: Its layer, such as `self.n0_0.conv`.
        target: The variable that gets the result.
        inputs: The variables that it reads.
        in_place: Whether it may overwrite its first input.
    """

    layer: str
    target: str
    inputs: tuple[str, ...]
    in_place: bool


Statement = tuple[str, Code]
"""What stands before an expression, such as `name = `, and the expression."""


def _layer(use: Use, _op: Op) -> Code:
    return call(use.layer, *use.inputs)


def _offset_conv(use: Use, op: Conv) -> Code:
    if op.offset is None:
        return _layer(use, op)
    cut = "".join(f", {o}:" if o else ", :" for o in op.offset)
    return call(use.layer, f"{use.inputs[0]}[:, :{cut}]")


def _max_pool(use: Use, op: MaxPool) -> Code:
    return call(f"F.max_pool{op.axes}d", *use.inputs, _per_axis(op.factor))


def _avg_pool(use: Use, op: AvgPool) -> Code:
    return call(f"F.avg_pool{op.axes}d", *use.inputs, _per_axis(op.factor))


def _upsample(use: Use, op: Upsample) -> Code:
    factor = _per_axis(op.factor)
    if op.mode == "nearest":
        return call("F.interpolate", *use.inputs, scale_factor=factor)
    return _linear(use, factor, op)


def _downsample(use: Use, op: Downsample) -> Code:
    each = [f"1 / {f}" if f > 1 else "1" for f in op.factor]
    return _linear(use, each[0] if len(set(each)) == 1 else f"({', '.join(each)})", op)


def _linear(use: Use, factor: str, op: Upsample | Downsample) -> Code:
    return call(
        "F.interpolate",
        *use.inputs,
        scale_factor=factor,
        mode={2: '"bilinear"', 3: '"trilinear"'}[op.axes],
        align_corners="True" if op.align_corners else None,
    )


def _relu(use: Use, _op: Relu) -> Code:
    return call("F.relu", *use.inputs, inplace=_flag(use))


def _leaky_relu(use: Use, op: LeakyRelu) -> Code:
    return call("F.leaky_relu", *use.inputs, repr(op.slope), inplace=_flag(use))


def _flag(use: Use) -> str | None:
    return "True" if use.in_place else None


def _scale(use: Use, op: Scale) -> Code:
    return Infix("*", (*use.inputs, repr(op.factor)))


def _concat(use: Use, _op: Op) -> Code:
    return call("torch.cat", Bracketed("[", use.inputs, "]"), "1")


def _sum(use: Use) -> list[Statement]:
    """Add pairwise: from the first addition on the result may be overwritten."""
    first, *others = use.inputs
    start = f"{use.target} = "
    if not others:
        return [(start, first)]
    second, *others = others
    begun = call(f"{first}.add_", second) if use.in_place else Infix("+", (first, second))
    return [(start, begun), *((f"{use.target} += ", other) for other in others)]


EXPRESSIONS: dict[str, Callable[[Use, Any], Code]] = {
    "conv@1": _offset_conv,
    "transposed_conv@1": _layer,
    "instance_norm@1": _layer,
    "batch_norm@1": _layer,
    "group_norm@1": _layer,
    "squeeze_excite@1": _layer,
    "max_pool@1": _max_pool,
    "avg_pool@1": _avg_pool,
    "upsample@1": _upsample,
    "downsample@1": _downsample,
    "relu@1": _relu,
    "leaky_relu@1": _leaky_relu,
    "scale@1": _scale,
    "concat@1": _concat,
}
"""The expression that each op becomes; a sum becomes several statements."""


def statements(use: Use, op: Op) -> list[Statement]:
    """Return the statements that compute an op."""
    if op.kind == "sum":
        return _sum(use)
    return [(f"{use.target} = ", EXPRESSIONS[op.op](use, op))]
