"""The genotype document: plain data, one schema for every family of architectures."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from uxnet_compiler.ops import LayerOp
from uxnet_compiler.ops.base import Stride

if TYPE_CHECKING:
    from torch import Tensor
    from torch.fx import GraphModule

INPUT = "input"
OUTPUT = "output"
EDGE_MARK = "_to_"
AUXILIARY = "aux_"
"""Begins the names of what only deep supervision has."""


def _speakable(name: str) -> str:
    """Refuse ids that could not become a name in Python or would look like an edge's."""
    looks_like_an_edge = EDGE_MARK in name or name.startswith("to_") or name.endswith("_to")
    if keyword.iskeyword(name) or f"{name}_".startswith(AUXILIARY) or looks_like_an_edge:
        raise ValueError(
            f"{name!r} is reserved; ids are no Python keywords, contain no {EDGE_MARK!r},"
            " are not 'aux', do not start with 'aux_' or 'to_' and do not end with '_to'"
        )
    return name


Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$"), AfterValidator(_speakable)]
# No control characters: what a stranger wrote may go to a terminal.
Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=65536)]
Ops = Annotated[tuple[LayerOp, ...], Field(max_length=32)]


class Part(BaseModel):
    """Base of all parts of a document: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Node(Part):
    """A feature map: merge what comes in, then apply `ops` in order.

    Attributes:
        id: Name of the node; trained weights are named after it.
        stage: Column in a drawing; under deep supervision the last node of a level predicts, too.
        level: Resolution: the grid is the image's divided by the strides of levels 0..level.
        width: Channels, when not the level's.
        merge: How several incoming edges become one map.
        ops: Applied in order after the merge; none for a node that only passes a feature on.
    """

    id: Id
    stage: Annotated[int, Field(ge=0, le=4096)]
    level: Annotated[int, Field(ge=0, le=15)]
    width: Count | None = None
    merge: Literal["sum", "concat"] = "sum"
    ops: Ops = ()


class Edge(Part):
    """A connection: apply `ops` in order to the source's map and hand it to the target.

    `source` may be `input` (the image), `target` may be `output` (the logits).
    """

    source: Id
    target: Id
    ops: Ops = ()

    @property
    def key(self) -> str:
        """Return `source>target`, the name under which evidence is filed."""
        return f"{self.source}>{self.target}"


class Architecture(Part):
    """A whole network: a graph of nodes and edges with every choice made.

    Attributes:
        spatial_dims: 2 or 3.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        widths: Channels per level.
        strides: How much coarser each level is than the one above, per axis (D, H, W); all ones
            at level 0.
        nodes: At least one.
        edges: At least one from `input` and one to `output`.
    """

    spatial_dims: Literal[2, 3]
    in_channels: Count
    out_channels: Count
    widths: Annotated[tuple[Count, ...], Field(min_length=1, max_length=16)]
    strides: Annotated[tuple[Stride, ...], Field(min_length=1, max_length=16)]
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=4096)]
    edges: Annotated[tuple[Edge, ...], Field(min_length=2, max_length=16384)]

    @property
    def levels(self) -> int:
        """Return the number of levels."""
        return len(self.widths)

    def scale(self, level: int) -> tuple[int, ...]:
        """Return how many image voxels one voxel of that level covers, per axis."""
        scale = (1,) * self.spatial_dims
        for stride in self.strides[: level + 1]:
            scale = tuple(a * b for a, b in zip(scale, stride, strict=True))
        return scale

    @property
    def total_stride(self) -> tuple[int, ...]:
        """Return the scale of the deepest level: image sizes are multiples of it."""
        return self.scale(self.levels - 1)

    def width(self, node: Node) -> int:
        """Return the channels that the ops of a node make."""
        return node.width or self.widths[node.level]


class Limits(Part):
    """What a network may cost at most, and for which image: enough to decode within it again.

    Attributes:
        size: Voxels per axis (D, H, W) of the image that is counted for.
        batch_size: Images of the training step that `training_bytes` speaks of.
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions, for one image.
        memory_bytes: Weights and, at their peak in inference, the maps of one image, in float32.
        training_bytes: Weights, their gradients and two moments of each, and all maps of a step
            with theirs, in float32.
        latency_ms: Milliseconds for one image, as the sum of the ops' times.
        machine: Where those times were measured.
    """

    size: Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)]
    batch_size: Count = 1
    params: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    macs: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    memory_bytes: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    training_bytes: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    latency_ms: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    machine: Name | None = None

    @model_validator(mode="after")
    def _has_a_machine(self) -> Self:
        if (self.latency_ms is None) != (self.machine is None):
            raise ValueError("latency_ms and machine belong together: one is missing")
        return self


class SpaceRef(Part):
    """The search space that an architecture was chosen from."""

    family: Name
    version: Annotated[int, Field(ge=1, le=1000)]
    options: Annotated[dict[Name, JsonValue], Field(max_length=64)] = {}
    tau: Probability | None = None
    """Threshold at which the gates were read."""
    limits: Limits | None = None
    """What the network was allowed to cost when they were read."""
    soft: bool = False
    """Whether each edge that has a gate carries it, as a `scale@1` behind its other ops."""


class Confidence(Part):
    """How far several searches of one space agree; the evidence beside it is their mean.

    Attributes:
        searches: How many.
        gates: Per gate, the part of the searches that keep it, each at its own threshold.
        spread: Per gate, the standard deviation of its strength over the searches.
        choices: Per choice, the part of the searches that pick each candidate; those that none
            picks are left out.
    """

    searches: Annotated[int, Field(ge=1, le=10000)]
    gates: Annotated[dict[Name, Probability], Field(max_length=16384)] = {}
    spread: Annotated[dict[Name, Probability], Field(max_length=16384)] = {}
    choices: Annotated[
        dict[Name, Annotated[dict[Name, Probability], Field(min_length=1, max_length=256)]],
        Field(max_length=16384),
    ] = {}


class Evidence(Part):
    """What a search believed in the end: every gate and every alpha, pruned ones too.

    Attributes:
        gates: Strength per gate, `source>target` -> [0, 1].
        choices: Probability per candidate, for each choice.
        confidence: How far searches agree, when this is a consensus of several.
    """

    gates: Annotated[dict[Name, Probability], Field(max_length=16384)] = {}
    choices: Annotated[
        dict[Name, Annotated[dict[Name, Probability], Field(min_length=1, max_length=256)]],
        Field(max_length=16384),
    ] = {}
    confidence: Confidence | None = None


class Provenance(Part):
    """Where an architecture comes from; nothing in here is derived from one patient."""

    origin: Text = ""
    paper: Text = ""
    license: Text = ""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    software: Annotated[dict[Name, Text], Field(max_length=64)] = {}
    data: Annotated[dict[Name, JsonValue], Field(max_length=64)] = {}
    repaired: Annotated[tuple[Name, ...], Field(max_length=16384)] = ()
    """Edges kept against the threshold because the output would have been cut off."""
    closed: Annotated[tuple[Name, ...], Field(max_length=16384)] = ()
    """Edges dropped against the threshold to stay within the limits."""
    replaced: Annotated[dict[Name, Name], Field(max_length=16384)] = {}
    """Candidates taken instead of the likeliest to stay within the limits, by choice."""


class Genotype(Part):
    """One searched architecture as a document."""

    format: Literal["uxnet-genotype"] = "uxnet-genotype"
    version: Literal[1] = 1
    name: Name
    architecture: Architecture
    space: SpaceRef | None = None
    evidence: Evidence | None = None
    provenance: Provenance = Provenance()

    @property
    def id(self) -> str:
        """Return the identity of the architecture: the same in every lab."""
        from uxnet_compiler.schema.identity import architecture_id

        return architecture_id(self.architecture)

    def compile(
        self,
        *,
        weights: dict[str, Tensor] | None = None,
        seed: int = 0,
        deep_supervision: bool = False,
    ) -> GraphModule:
        """Build the static network; see `uxnet_compiler.compiler.build`."""
        from uxnet_compiler import compiler

        return compiler.build(self, weights=weights, seed=seed, deep_supervision=deep_supervision)
