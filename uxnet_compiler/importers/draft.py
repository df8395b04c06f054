"""A network while it is being described: its nodes and edges, and what others call its tensors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from uxnet_compiler.lowering import lower, op_names, slot_name
from uxnet_compiler.ops import LayerOp
from uxnet_compiler.schema import Architecture, Edge, Node, alive

Layer = tuple[LayerOp, str]
"""An op, and the prefix under which the foreign network keeps its tensors (empty: it has none)."""


@dataclass
class Draft:
    """Collects nodes and edges in the order of reading."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    """The foreign prefix of every value of the lowered network."""

    def node(self, name: str, stage: int, level: int, *layers: Layer, concat: bool = False) -> str:
        """Add a node and return its id."""
        merge: Literal["concat", "sum"] = "concat" if concat else "sum"
        ops = self._ops(slot_name(name), layers)
        self.nodes[name] = Node(id=name, stage=stage, level=level, merge=merge, ops=ops)
        return name

    def edge(self, source: str, target: str, *layers: Layer) -> None:
        """Add an edge."""
        ops = self._ops(slot_name(source, target), layers)
        self.edges[source, target] = Edge(source=source, target=target, ops=ops)

    def _ops(self, slot: str, layers: tuple[Layer, ...]) -> tuple[LayerOp, ...]:
        ops = tuple(op for op, _ in layers)
        for name, (_, home) in zip(op_names(slot, ops), layers, strict=True):
            self.homes[name] = home
        return ops

    def architecture(
        self,
        *,
        in_channels: int,
        out_channels: int,
        widths: tuple[int, ...],
        strides: tuple[tuple[int, ...], ...],
    ) -> Architecture:
        """Return the living part of what was collected."""
        kept = alive(self.edges.values())
        return Architecture(
            spatial_dims=len(strides[0]),
            in_channels=in_channels,
            out_channels=out_channels,
            widths=widths,
            strides=strides,
            nodes=tuple(node for node in self.nodes.values() if node.id in kept),
            edges=tuple(e for e in self.edges.values() if {e.source, e.target} <= kept),
        )

    def stored_names(self, architecture: Architecture) -> dict[str, str]:
        """Return the foreign name of every tensor of an architecture that this draft made."""
        graph = lower(architecture)
        return {
            f"{value.id}.{part}": f"{self.homes[value.id]}.{part}"
            for value in graph.values()
            for part in value.op.weights(tuple(graph[source].type for source in value.inputs))
        }
