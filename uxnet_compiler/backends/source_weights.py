"""Print how the weights of a rewritten network are made of the stored ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from uxnet_compiler.backends.source_layout import Bracketed, Code, Infix, call
from uxnet_compiler.ir.weights import (
    Added,
    Embedded,
    NormScaled,
    NormShifted,
    Scaled,
    Sliced,
    Stacked,
    Stored,
    Weight,
    Zeros,
)


def print_weight(expression: Weight) -> Code:
    """Return Python code for an expression over the dictionary `stored`."""
    if isinstance(expression, Stored):
        return f"stored[{json.dumps(expression.key)}]"
    return PRINTERS[type(expression)](expression)


def _sliced(e: Sliced) -> Code:
    of = print_weight(e.of)
    if isinstance(of, str):
        return f"{of}[{':, ' * e.axis}{e.start}:{e.stop}]"
    return call("torch.narrow", of, str(e.axis), str(e.start), str(e.stop - e.start))


def _stacked(e: Stacked) -> Code:
    return call("torch.cat", Bracketed("[", tuple(map(print_weight, e.terms)), "]"), str(e.axis))


def _embedded(e: Embedded) -> Code:
    return call("embed", print_weight(e.of), str(e.kernel), str(e.dilation))


def _norm_scaled(e: NormScaled) -> Code:
    of, gamma, var = map(print_weight, (e.of, e.gamma, e.var))
    return call("norm_scale", of, gamma, var, repr(e.eps), axis=str(e.axis))


def _norm_shifted(e: NormShifted) -> Code:
    return call(
        "norm_shift", *map(print_weight, (e.of, e.gamma, e.beta, e.mean, e.var)), repr(e.eps)
    )


PRINTERS: dict[type[Weight], Callable[[Any], Code]] = {
    Zeros: lambda e: call("torch.zeros", str(e.length)),
    Scaled: lambda e: Infix("*", (print_weight(e.of), repr(e.factor))),
    Added: lambda e: Infix("+", tuple(map(print_weight, e.terms))),
    Stacked: _stacked,
    Sliced: _sliced,
    Embedded: _embedded,
    NormScaled: _norm_scaled,
    NormShifted: _norm_shifted,
}
"""The code of each expression."""

FUNCTIONS: dict[type[Weight], str] = {
    Embedded: '''\
def embed(
    kernel: Tensor, size: tuple[int, ...], dilation: tuple[int, ...]
) -> Tensor:
    """Put a kernel in the middle of a larger one of zeros, its taps apart."""
    spread = [d * (k - 1) + 1 for k, d in zip(kernel.shape[2:], dilation)]
    made = kernel.new_zeros(*kernel.shape[:2], *spread)
    made[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = kernel
    margins = [(k - s) // 2 for k, s in zip(size, spread)]
    return F.pad(made, [m for margin in reversed(margins) for m in (margin, margin)])
''',
    NormScaled: '''\
def norm_scale(
    kernel: Tensor, gamma: Tensor, var: Tensor, eps: float, axis: int
) -> Tensor:
    """Put the scale of a batch norm into the kernel before it."""
    factor = gamma * torch.rsqrt(var + eps)
    shape = [-1 if a == axis else 1 for a in range(kernel.dim())]
    return kernel * factor.reshape(shape)
''',
    NormShifted: '''\
def norm_shift(
    bias: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor, eps: float
) -> Tensor:
    """Put the shift of a batch norm into the bias before it."""
    return (bias - mean) * gamma * torch.rsqrt(var + eps) + beta
''',
}
"""The functions that some expressions call."""


def kinds(expression: Weight) -> Iterator[type[Weight]]:
    """Yield the kinds of an expression and of all its parts."""
    yield type(expression)
    for part in expression.parts():
        yield from kinds(part)
