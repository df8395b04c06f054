"""One genotype in numbers: what each node and edge is and costs, and the totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.analysis import ValueCost
from uxnet_compiler.compiler import network_cost
from uxnet_compiler.lowering import slot_name
from uxnet_compiler.ops import LayerOp
from uxnet_compiler.schema import (
    Edge,
    Genotype,
    Node,
    Provenance,
    SpaceRef,
    drop_dead,
    structure_id,
)


class Part(BaseModel):
    """What a node or an edge costs for one image.

    Attributes:
        ops: What it does, in order; empty when it only passes a feature on.
        params: Trained numbers.
        macs: Multiply-accumulates of its convolutions.
        num_bytes: Bytes of the float32 feature maps that it makes.
    """

    model_config = ConfigDict(frozen=True)

    ops: tuple[LayerOp, ...]
    params: int
    macs: int
    num_bytes: int


class NodePart(Part):
    """A node, with the shape of the map it makes: channels and voxels per axis (D, H, W)."""

    id: str
    stage: int
    level: int
    merge: str
    merges: int
    channels: int
    size: tuple[int, ...]


class EdgePart(Part):
    """An edge, with the gate that the search gave it, when the genotype carries evidence."""

    source: str
    target: str
    gate: float | None


class Overview(BaseModel):
    """A genotype in numbers.

    Attributes:
        name: Of the genotype.
        id: Identity of the architecture.
        structure_id: The same up to the names of nodes.
        spatial_dims: 2 or 3.
        in_channels: Channels of the image.
        out_channels: Classes, background included.
        widths: Channels per level.
        strides: Per level, per axis.
        divisor: Image sizes are multiples of it, per axis (D, H, W).
        image_size: What the costs are for, per axis.
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions.
        peak_bytes: Most bytes of float32 feature maps alive at once in inference.
        map_bytes: Bytes of all feature maps together, which is what training keeps.
        nodes: The living ones, sorted by stage and level.
        edges: The living ones, sorted by source and target.
        space: Where the architecture was chosen from.
        provenance: Where it comes from.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    id: str
    structure_id: str
    spatial_dims: int
    in_channels: int
    out_channels: int
    widths: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    divisor: tuple[int, ...]
    image_size: tuple[int, ...]
    params: int
    macs: int
    peak_bytes: int
    map_bytes: int
    nodes: tuple[NodePart, ...]
    edges: tuple[EdgePart, ...]
    space: SpaceRef | None
    provenance: Provenance


def overview(genotype: Genotype, image_size: tuple[int, ...] | None = None) -> Overview:
    """Return what the compiled network of a genotype is made of and costs for one image.

    What two edges share (a map that both pool) is counted where it is computed first.

    Args:
        genotype: Any family's.
        image_size: As for `uxnet_compiler.compiler.network_cost`.

    Raises:
        GraphError: The size does not fit the architecture.
    """
    pruned = drop_dead(genotype.architecture)
    cost = network_cost(pruned, image_size)
    slots = cost.slots()
    gates = genotype.evidence.gates if genotype.evidence else {}
    sources: dict[str, int] = defaultdict(int)
    for edge in pruned.edges:
        sources[edge.target] += 1

    def node_part(node: Node) -> NodePart:
        return NodePart(
            id=node.id,
            stage=node.stage,
            level=node.level,
            merge=node.merge,
            merges=sources[node.id],
            channels=pruned.width(node),
            size=tuple(
                n // s for n, s in zip(cost.image_size, pruned.scale(node.level), strict=True)
            ),
            ops=node.ops,
            **_figures(slots, slot_name(node.id)),
        )

    def edge_part(edge: Edge) -> EdgePart:
        return EdgePart(
            source=edge.source,
            target=edge.target,
            gate=gates.get(edge.key),
            ops=edge.ops,
            **_figures(slots, slot_name(edge.source, edge.target)),
        )

    return Overview(
        name=genotype.name,
        id=genotype.id,
        structure_id=structure_id(pruned),
        spatial_dims=pruned.spatial_dims,
        in_channels=pruned.in_channels,
        out_channels=pruned.out_channels,
        widths=pruned.widths,
        strides=pruned.strides,
        divisor=pruned.total_stride,
        image_size=cost.image_size,
        params=cost.params,
        macs=cost.macs,
        peak_bytes=cost.peak_bytes,
        map_bytes=cost.map_bytes,
        nodes=tuple(
            node_part(n) for n in sorted(pruned.nodes, key=lambda n: (n.stage, n.level, n.id))
        ),
        edges=tuple(edge_part(e) for e in pruned.edges),
        space=genotype.space,
        provenance=genotype.provenance,
    )


def _figures(slots: Mapping[str, ValueCost], slot: str) -> dict[str, int]:
    return asdict(slots.get(slot, ValueCost(0, 0, 0)))


_SHORT = {
    "instance_norm": "IN",
    "batch_norm": "BN",
    "group_norm": "GN",
    "relu": "ReLU",
    "leaky_relu": "LReLU",
}


def legend(parts: Iterable[Part]) -> str:
    """Explain the abbreviations of `spell_ops` that these parts need."""
    kinds = {op.kind for part in parts for op in part.ops}
    words = [f"{short} {kind.replace('_', ' ')}" for kind, short in _SHORT.items() if kind in kinds]
    return ", ".join(["+ sum", *words, "/2 coarser", "x2 finer"])


def spell_ops(ops: Iterable[LayerOp]) -> str:
    """Write a list of ops in few characters: `2x (3x3x3 IN LReLU)`."""
    labels = [_SHORT.get(op.kind, op.label) for op in ops]
    for length in range(1, len(labels) // 2 + 1):
        times = len(labels) // length
        if labels == labels[:length] * times:
            return f"{times}x ({' '.join(labels[:length])})"
    return " ".join(labels)
