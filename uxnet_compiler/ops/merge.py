"""Ops of a graph that take many inputs, or none: they never stand in a document's op lists."""

from __future__ import annotations

from typing import ClassVar, Literal

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops.base import Op, only, same_grid
from uxnet_compiler.ops.types import TensorType


class Input(Op):
    """Stand for the image (B, C, D, H, W)."""

    op: Literal["input@1"] = "input@1"
    channels: int
    spatial_dims: int
    arity: ClassVar[int | None] = 0

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the image's channels on the image's grid."""
        assert not inputs
        return TensorType(self.channels, (1,) * self.spatial_dims)


class Output(Op):
    """Mark a value as a result of the network."""

    op: Literal["output@1"] = "output@1"

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the type of the input."""
        return only(inputs)


class Sum(Op):
    """Add maps of equal shape (B, C, D, H, W)."""

    op: Literal["sum@1"] = "sum@1"
    arity: ClassVar[int | None] = None
    linear: ClassVar[bool] = True

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the type that all inputs share.

        Raises:
            GraphError: Channels or grids differ.
        """
        scale = same_grid("sum", inputs)
        found = sorted({value.channels for value in inputs})
        if len(found) != 1:
            raise GraphError(f"a sum needs equal channels, not {', '.join(map(str, found))}")
        return TensorType(inputs[0].channels, scale)


class Concat(Op):
    """Put maps of one grid behind each other along the channels."""

    op: Literal["concat@1"] = "concat@1"
    arity: ClassVar[int | None] = None
    linear: ClassVar[bool] = True

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return all channels on the shared grid.

        Raises:
            GraphError: Grids differ.
        """
        scale = same_grid("concat", inputs)
        return TensorType(sum(value.channels for value in inputs), scale)


MERGES: tuple[type[Op], ...] = (Input, Output, Sum, Concat)
