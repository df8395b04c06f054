"""UXNet's search space: a triangle of nodes that see every level of the stage before.

Source:
    Ji et al., "UXNet: Searching Multi-level Feature Aggregation for 3D Medical Image
    Segmentation", MICCAI 2020, arXiv 2009.07501. What the paper leaves open is marked *ours* in
    `docs/uxnet-space.md`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uxnet_compiler.ops import (
    AvgPool,
    Conv,
    InstanceNorm,
    LayerOp,
    LeakyRelu,
    MaxPool,
    TransposedConv,
    Upsample,
    spell,
)
from uxnet_compiler.ops.base import Stride
from uxnet_compiler.schema import INPUT, OUTPUT, SpaceRef
from uxnet_compiler.spaces.base import Ops, Slot, Space, SpaceEdge, SpaceNode

MAX_FACTOR = 64  # of one pooling or upsampling, see `uxnet_compiler.ops.base.Stride`


class UXNetOptions(BaseModel):
    """What fixes a space of this family.

    Attributes:
        spatial_dims: 2 or 3.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        widths: Channels per level.
        strides: Per level, per axis (D, H, W); all ones at level 0.
        identity: Admit `identity` as a normal op (ours): nodes that only pass a feature on, as
            the skips of a U-Net do.
        ops: `searched` (SBB, *paper*), or those of U-Net at every node and edge.
        edges: `searched` (MSSA, *paper*), or those of U-Net, none of them gated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spatial_dims: Literal[2, 3] = 3
    in_channels: Annotated[int, Field(ge=1, le=1024)] = 1
    out_channels: Annotated[int, Field(ge=2, le=1024)] = 2
    widths: Annotated[
        tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(min_length=2, max_length=6)
    ] = (16, 32, 64, 128)
    strides: Annotated[tuple[Stride, ...], Field(min_length=2, max_length=6)]
    identity: bool = False
    ops: Literal["searched", "unet"] = "searched"
    edges: Literal["searched", "unet"] = "searched"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.strides) != len(self.widths):
            raise ValueError(f"{len(self.widths)} widths, but {len(self.strides)} strides")
        for stride in self.strides:
            if len(stride) != self.spatial_dims:
                raise ValueError(f"stride {spell(stride)} has not {self.spatial_dims} axes")
        if set(self.strides[0]) != {1}:
            raise ValueError("the first stride must be all ones: level 0 is the image's grid")
        factor = max(math.prod(axis) for axis in zip(*self.strides, strict=True))
        if factor > MAX_FACTOR:
            raise ValueError(
                f"strides of {factor} in all; {MAX_FACTOR} is the most, since edges lead from the"
                " finest level to the coarsest"
            )
        return self

    @property
    def levels(self) -> int:
        """Return L, the number of levels."""
        return len(self.widths)


BLOCK, DOWN, UP = "conv3_twice", "max_pool", "transposed_conv"
"""The candidates that U-Net has."""

FAMILY = "uxnet"
VERSION = 1


def node_id(stage: int, level: int) -> str:
    """Return the id of N[stage, level]."""
    return f"n{stage}_{level}"


def space(options: UXNetOptions) -> Space:
    """Build the space (paper, section 2.2, Eq. 1).

    Stage 0 is the encoder with levels 0..L-1; each later stage has one level less. A node sums
    over its gated edges: in stage 0 from all finer levels, later from every level of the stage
    before. With L = 5 that makes 10 + 20 + 12 + 6 + 2 = 50 gates.
    """
    o = options
    nodes = tuple(
        SpaceNode(node_id(i, j), i, j, _node_slot(o, i, j))
        for i in range(o.levels)
        for j in range(o.levels - i)
    )
    edges = [
        SpaceEdge(INPUT, node_id(0, 0), Slot(before=_stem(o)), gated=False),
        SpaceEdge(node_id(o.levels - 1, 0), OUTPUT, Slot(before=_head(o)), gated=False),
    ]
    for node in nodes:
        if node.stage == 0:
            sources = [(0, k) for k in range(node.level)]
        else:
            sources = [(node.stage - 1, k) for k in range(o.levels - node.stage + 1)]
        for stage, level in sources:
            if o.edges == "unet" and not _in_unet(o.levels, level, node.stage, node.level):
                continue
            slot = _edge_slot(o, node_id(stage, level), level, node.level)
            gated = o.edges == "searched"
            edges.append(SpaceEdge(node_id(stage, level), node.id, slot, gated=gated))
    return Space(
        ref=SpaceRef(
            family=FAMILY, version=VERSION, options=o.model_dump(mode="json", exclude_defaults=True)
        ),
        spatial_dims=o.spatial_dims,
        in_channels=o.in_channels,
        out_channels=o.out_channels,
        widths=o.widths,
        strides=o.strides,
        nodes=nodes,
        edges=tuple(sorted(edges, key=lambda e: (e.source, e.target))),
    )


def _tail() -> Ops:
    """Return the one norm and activation behind the weighted sum of candidates (ours)."""
    return (InstanceNorm(), LeakyRelu())


def _stem(o: UXNetOptions) -> Ops:
    """Return the way from the image to the first node (ours): to the first width."""
    return (Conv(kernel=(3,) * o.spatial_dims), *_tail())


def _head(o: UXNetOptions) -> Ops:
    """Return the way from the last node to the logits."""
    return (Conv(kernel=(1,) * o.spatial_dims, bias=True),)


def _in_unet(levels: int, source_level: int, stage: int, level: int) -> bool:
    """Say whether U-Net has the edge from a level of the stage before (or the encoder)."""
    if stage == 0:
        return source_level == level - 1
    rises = source_level == level + 1 and stage == levels - 1 - level
    return source_level == level or rises


def _node_slot(o: UXNetOptions, stage: int, level: int) -> Slot:
    if o.edges == "unet" and 0 < stage < o.levels - 1 - level:
        return Slot()  # a skip connection passes through
    candidates = normal_candidates(o.spatial_dims)
    if o.ops == "unet":
        return Slot(before=candidates[BLOCK], after=_tail())
    bare: frozenset[str] = frozenset()
    if o.identity:
        candidates |= {"identity": ()}
        bare = frozenset({"identity"})
    name = f"{node_id(stage, level)}.normal"
    return Slot(choice=name, candidates=candidates, after=_tail(), bare=bare, reference=BLOCK)


def normal_candidates(spatial_dims: int) -> dict[str, Ops]:
    """Return the normal layer's candidates (paper, section 2.1).

    The paper's 3x3x1 is flat along the axis between slices, which is D here. In 2-D the flat
    and the pseudo-3-D convolution would repeat the 3x3 one, so five remain (ours).
    """
    k3, k5 = (3,) * spatial_dims, (5,) * spatial_dims
    two = (2,) * spatial_dims
    found: dict[str, Ops] = {"conv3": (Conv(kernel=k3),)}
    if spatial_dims == 3:
        found["conv3_flat"] = (Conv(kernel=(1, 3, 3)),)
    found["conv5"] = (Conv(kernel=k5),)
    if spatial_dims == 3:
        found["pseudo3d"] = (Conv(kernel=(1, 3, 3)), Conv(kernel=(3, 1, 1)))
    found["conv3_twice"] = (Conv(kernel=k3), *_tail(), Conv(kernel=k3))
    found["conv3_dilated"] = (Conv(kernel=k3, dilation=two),)
    found["conv5_dilated"] = (Conv(kernel=k5, dilation=two),)
    return found


def _edge_slot(o: UXNetOptions, source: str, start: int, end: int) -> Slot:
    """Align a feature with its target's grid and width (ours, but for the candidates).

    The choice belongs to the source: all its edges to coarser levels decide together, and so do
    all to finer ones. A 1x1x1 convolution behind a reduction, or ahead of an expansion (exact
    and cheaper), gives the target's width.
    """
    point: tuple[LayerOp, ...] = (Conv(kernel=(1,) * o.spatial_dims),)
    if start == end:
        return Slot()
    steps = o.strides[min(start, end) + 1 : max(start, end) + 1]
    factor = tuple(math.prod(axis) for axis in zip(*steps, strict=True))
    if start < end:
        strided: Ops = tuple(
            Conv(
                kernel=(3,) * o.spatial_dims, stride=None if set(s) == {1} else s, channels="input"
            )
            for s in steps
        )
        reductions: dict[str, Ops] = {
            "max_pool": (MaxPool(factor=factor),),
            "avg_pool": (AvgPool(factor=factor),),
            "conv3_strided": strided,
        }
        if o.ops == "unet":
            return Slot(before=reductions[DOWN], after=point)
        name = f"{source}.reduction"
        return Slot(choice=name, candidates=reductions, after=point, reference=DOWN)
    expansions: dict[str, Ops] = {
        "transposed_conv": tuple(TransposedConv(stride=s) for s in reversed(steps)),
        "linear": (Upsample(factor=factor),),
    }
    if o.ops == "unet":
        return Slot(before=point, after=expansions[UP])
    name = f"{source}.expansion"
    return Slot(choice=name, candidates=expansions, before=point, reference=UP)
