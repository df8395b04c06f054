"""What every op is: attributes in a document, a shape rule and a cost."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops.types import TensorType, spell

Kernel = Annotated[
    tuple[Annotated[int, Field(ge=1, le=31)], ...], Field(min_length=2, max_length=3)
]
Stride = Annotated[
    tuple[Annotated[int, Field(ge=1, le=64)], ...], Field(min_length=2, max_length=3)
]
Dilation = Annotated[
    tuple[Annotated[int, Field(ge=1, le=16)], ...], Field(min_length=2, max_length=3)
]
Channels = Annotated[int, Field(ge=1, le=65536)] | Literal["node", "input", "half", "rest"]


class Op(BaseModel):
    """One primitive operation with its attributes.

    The class is the entry of the op table, an instance is an op in a document or a graph. The
    field `op` holds name and semantic version (`conv@1`); the meaning of a published version
    never changes, and neither do its defaults, since documents leave defaults out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    op: str
    arity: ClassVar[int | None] = 1
    """Number of inputs; `None` for one or more."""
    linear: ClassVar[bool] = False
    """Whether f(ax + by) = a f(x) + b f(y), a bias apart."""

    @model_serializer(mode="wrap")
    def _always_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Documents leave defaults out, but never the name.
        attributes: dict[str, Any] = handler(self)
        return {"op": self.op} | attributes

    @property
    def kind(self) -> str:
        """Return the name without the version: `conv`."""
        return self.op.partition("@")[0]

    @property
    def axes(self) -> int | None:
        """Return the number of spatial axes that the attributes speak of, if they do."""
        return None

    @property
    def label(self) -> str:
        """Return the few characters that a drawing has room for."""
        return self.kind.replace("_", " ")

    def infer(self, inputs: tuple[TensorType, ...]) -> TensorType:
        """Return the type of the result.

        Raises:
            GraphError: The op cannot work on such inputs.
        """
        raise NotImplementedError

    def weights(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:  # noqa: ARG002 (for the ops that have some)
        """Return the shape of every trained tensor by its name."""
        return {}

    def statistics(self, inputs: tuple[TensorType, ...]) -> dict[str, tuple[int, ...]]:  # noqa: ARG002
        """Return the shape of every tensor that is collected while training, by its name."""
        return {}

    def params(self, inputs: tuple[TensorType, ...]) -> int:
        """Return the number of trained numbers."""
        return sum(math.prod(shape) for shape in self.weights(inputs).values())

    def macs(self, inputs: tuple[TensorType, ...], image_size: tuple[int, ...]) -> int:  # noqa: ARG002
        """Return the multiply-accumulates of its convolution, per image of that size.

        As torch's flop counter does, everything but convolutions counts as zero.
        """
        return 0


class Resized(Op):
    """Base of the ops that change the channels: they name the channels they make.

    `"node"` stands for the width of the node that the op belongs to (for an edge: of its
    target), `"half"` for half of it, rounded down, `"rest"` for what that leaves, and `"input"`
    for as many as come in. In a graph the number is always written out.
    """

    channels: Channels = "node"
    bias: bool = False

    def with_channels(self, node: int, given: int) -> Resized:
        """Return the op with its channels written as a number.

        Raises:
            GraphError: Half of a single channel is asked for.
        """
        if isinstance(self.channels, int):
            return self
        half = node // 2
        number = {"node": node, "input": given, "half": half, "rest": node - half}[self.channels]
        if number < 1:
            raise GraphError(f"{self.channels} of {node} channel is none")
        return self.model_copy(update={"channels": number})

    @property
    def out_channels(self) -> int:
        """Return the written-out number of channels."""
        assert isinstance(self.channels, int), f"{self.op}: channels not resolved"
        return self.channels


def only(inputs: tuple[TensorType, ...]) -> TensorType:
    """Return the one input of a unary op."""
    (value,) = inputs
    return value


def voxels(value: TensorType, image_size: tuple[int, ...]) -> int:
    """Return the number of voxels of a map for an image of that size."""
    return math.prod(value.size(image_size))


def same_grid(op: str, inputs: tuple[TensorType, ...]) -> tuple[int, ...]:
    """Return the grid that all inputs share.

    Raises:
        GraphError: They differ.
    """
    found = sorted({value.scale for value in inputs})
    if len(found) != 1:
        raise GraphError(f"{op}: inputs lie on different grids: {', '.join(map(spell, found))}")
    return inputs[0].scale
