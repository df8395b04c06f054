"""Families of ops that a drawing tells apart, found from the ops themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from uxnet_compiler.ops import (
    ACTIVATIONS,
    NORMS,
    AvgPool,
    Conv,
    Downsample,
    MaxPool,
    Op,
    TransposedConv,
    Upsample,
)
from uxnet_compiler.pictures.figure import Outline

Look = Literal[
    "conv",
    "stacked",
    "dilated",
    "factorised",
    "depthwise",
    "pool",
    "upsample",
    "other",
    "open",
    "pass",
    "end",
]
LOOKS: dict[Look, str] = {
    "conv": "convolution",
    "stacked": "several convolutions",
    "dilated": "dilated",
    "factorised": "flat or factorised kernel",
    "depthwise": "depthwise",
    "pool": "makes the grid coarser",
    "upsample": "makes the grid finer",
    "other": "no convolution",
    "open": "not decided yet",
}
"""What a legend says of a family, in its order."""

OUTLINES: dict[Look, Outline] = {
    "conv": "round",
    "stacked": "round",
    "dilated": "chord",
    "factorised": "square",
    "depthwise": "square",
    "pool": "square",
    "upsample": "square",
    "other": "round",
    "open": "round",
    "pass": "circle",
    "end": "round",
}
"""Shape of a box by family; all have vertical sides, where the links dock."""


def look_of(ops: Sequence[Op]) -> Look:
    """Return the family of what a node does; the rarer trait decides."""
    convolutions = [op for op in ops if isinstance(op, (Conv, TransposedConv)) and not _fits(op)]
    traits: dict[Look, bool] = {
        "upsample": any(isinstance(op, (Upsample, TransposedConv)) for op in ops),
        "pool": any(isinstance(op, (MaxPool, AvgPool, Downsample)) or _strided(op) for op in ops),
        "depthwise": any(op.groups == "input" for op in convolutions),
        "dilated": any(op.dilation is not None for op in convolutions),
        "factorised": any(_is_flat(op) for op in convolutions),
        "stacked": len(convolutions) > 1,
        "conv": any(isinstance(op, Conv) for op in ops),
    }
    return next((look for look, has in traits.items() if has), "other")


def shown(ops: Sequence[Op]) -> Iterator[Op]:
    """Yield the ops that a drawing names: no norms and no activations."""
    return (op for op in ops if not isinstance(op, (*NORMS, *ACTIVATIONS)))


def is_projection(op: Op) -> bool:
    """Tell whether an op only fits the channels."""
    return isinstance(op, Conv) and _fits(op) and op.stride is None


def _fits(op: Conv | TransposedConv) -> bool:
    return op.kernel is not None and set(op.kernel) == {1}


def _strided(op: Op) -> bool:
    return isinstance(op, Conv) and op.stride is not None


def _is_flat(op: Conv | TransposedConv) -> bool:
    return op.kernel is not None and len(set(op.kernel)) > 1
