"""Ops in a row that can carry a factor where it costs least."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.backends.torch import layer
from uxnet_compiler.lowering import op_names
from uxnet_compiler.machine.norms import instance_norm
from uxnet_compiler.ops import (
    Conv,
    InstanceNorm,
    LayerOp,
    LeakyRelu,
    MaxPool,
    Op,
    Relu,
    Resized,
    TensorType,
    TransposedConv,
)
from uxnet_compiler.search.merged import scaled_conv

Factor = Tensor | float


def is_number(factor: Factor, number: float) -> bool:
    """Say whether a factor is that very Python number, and no tensor."""
    return isinstance(factor, float) and factor == number


def product(one: Factor, two: Factor) -> Factor:
    """Multiply two factors; by a plain 1 without an operation."""
    if is_number(one, 1.0):
        return two
    return one if is_number(two, 1.0) else one * two


class Chain(nn.Sequential):
    """Ops in a row, with their weights named as in a compiled network."""

    def __init__(self, ops: tuple[LayerOp, ...], given: TensorType, width: int) -> None:
        super().__init__()
        self.made = given
        self.types: list[TensorType] = []
        self.ops: list[Op] = []
        for name, op in zip(op_names("x", ops), ops, strict=True):
            full = op.with_channels(width, self.made.channels) if isinstance(op, Resized) else op
            self.add_module(name.removeprefix("x."), layer(full, self.made))
            self.made = full.infer((self.made,))
            self.types.append(self.made)
            self.ops.append(full)
        self.place = _place(self.ops, [given, *self.types])

    def scaled(self, x: Tensor, factor: Factor) -> Tensor:
        """Return `factor`, not negative, times what the ops make of `x`.

        The factor goes into a kernel or into the affine part of a norm where there is one, else
        it multiplies the smallest map on the way: a product of a large map costs time, and
        memory until the backward pass.

        Shape:
            x    (B, Ci, D, H, W)
            out  (B, Co, D', H', W')
        """
        if is_number(factor, 1.0):
            factors: list[Factor] = [1.0] * (len(self.ops) + 1)
        else:
            factors = [factor if i == self.place else 1.0 for i in range(len(self.ops) + 1)]
        normed = False
        for op, module, here in zip(self.ops, self.children(), factors, strict=False):
            x = _apply(op, module, x, here, fresh=normed)
            normed = isinstance(op, InstanceNorm)
        return x if is_number(factors[-1], 1.0) else factors[-1] * x


def _apply(op: Op, module: nn.Module, x: Tensor, factor: Factor, *, fresh: bool) -> Tensor:
    """Compute one op of a factor times `x`; `fresh` says that nobody else needs `x`."""
    if isinstance(op, InstanceNorm):
        return _normed(module, x, factor)
    if isinstance(op, LeakyRelu) and fresh:
        # The norm's backward pass does not need its result, so it may be overwritten.
        return F.leaky_relu(x, op.slope, inplace=True)
    if is_number(factor, 1.0):
        return module(x)  # type: ignore[no-any-return]  # nn.Module calls are untyped
    if _folds(op):
        return scaled_conv(module, x, factor)
    return module(factor * x)  # type: ignore[no-any-return]  # nn.Module calls are untyped


def _normed(norm: nn.Module, x: Tensor, factor: Factor) -> Tensor:
    assert isinstance(norm, nn.InstanceNorm2d | nn.InstanceNorm3d)
    weight: Tensor = norm.weight
    bias: Tensor = norm.bias
    if not is_number(factor, 1.0):
        weight, bias = factor * weight, factor * bias
    return instance_norm(x, weight, bias, norm.eps)


def _place(ops: list[Op], types: list[TensorType]) -> int:
    """Return the index of the op that takes the factor; the number of ops for the result.

    It may stand anywhere in front of ops that turn a factor into the same factor. A kernel or
    a norm is best, then the smallest map.
    """
    best, size = len(ops), _size(types[-1])
    for index in reversed(range(len(ops))):
        if _folds(ops[index]) or isinstance(ops[index], InstanceNorm):
            return index
        if not _passes(ops[index]):
            break
        if _size(types[index]) < size:
            best, size = index, _size(types[index])
    return best


def _folds(op: Op) -> bool:
    return isinstance(op, Conv | TransposedConv) and not op.bias and _whole(op)


def _whole(op: Conv | TransposedConv) -> bool:
    return not isinstance(op, Conv) or op.offset is None


def _passes(op: Op) -> bool:
    """Say whether op(c x) = c op(x) for every c >= 0."""
    if isinstance(op, Relu | LeakyRelu | MaxPool):
        return True
    return op.linear and not getattr(op, "bias", False)


def _size(kind: TensorType) -> float:
    return kind.channels / math.prod(kind.scale)
