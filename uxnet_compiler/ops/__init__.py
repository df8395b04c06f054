"""The op table: every op once, with its attributes, its shape rule and its cost.

`LayerOp` is the closed vocabulary of documents; `OPS` adds the ops that only a graph needs. To
add an op: a class in one of these files, its name in the tuple at the end of that file, in
`LayerOp` when documents may use it, and an emitter in each back end.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from uxnet_compiler.errors import UnknownNameError
from uxnet_compiler.ops.base import Op, Resized
from uxnet_compiler.ops.conv import CONVOLUTIONS, Conv, TransposedConv
from uxnet_compiler.ops.merge import MERGES, Concat, Input, Output, Sum
from uxnet_compiler.ops.pointwise import (
    ACTIVATIONS,
    NORMS,
    WEIGHINGS,
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LeakyRelu,
    Relu,
    Scale,
    SqueezeExcite,
)
from uxnet_compiler.ops.resample import RESAMPLERS, AvgPool, Downsample, MaxPool, Upsample
from uxnet_compiler.ops.types import TensorType, spell

LayerOp = Annotated[
    Conv
    | TransposedConv
    | MaxPool
    | AvgPool
    | Upsample
    | Downsample
    | InstanceNorm
    | BatchNorm
    | GroupNorm
    | Relu
    | LeakyRelu
    | Scale
    | SqueezeExcite,
    Field(discriminator="op"),
]

OPS: dict[str, type[Op]] = {
    entry.model_fields["op"].default: entry
    for entry in (*CONVOLUTIONS, *RESAMPLERS, *NORMS, *ACTIVATIONS, *WEIGHINGS, *MERGES)
}
"""Every op of a graph by name and version."""


def op_class(name: str) -> type[Op]:
    """Return the entry of the op table called `name` (`conv@1`).

    Raises:
        UnknownNameError: There is none.
    """
    try:
        return OPS[name]
    except KeyError:
        raise UnknownNameError(f"no op is called {name!r}; known: {', '.join(OPS)}") from None


__all__ = [
    "ACTIVATIONS",
    "NORMS",
    "OPS",
    "AvgPool",
    "BatchNorm",
    "Concat",
    "Conv",
    "Downsample",
    "GroupNorm",
    "Input",
    "InstanceNorm",
    "LayerOp",
    "LeakyRelu",
    "MaxPool",
    "Op",
    "Output",
    "Relu",
    "Resized",
    "Scale",
    "SqueezeExcite",
    "Sum",
    "TensorType",
    "TransposedConv",
    "Upsample",
    "op_class",
    "spell",
]
