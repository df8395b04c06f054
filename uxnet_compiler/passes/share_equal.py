"""Compute once what is computed twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ir.weights import Weight
from uxnet_compiler.ops import Op
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class ShareEqual(Pass):
    """Let readers of equal values read one of them.

    Values are equal that apply the same op to the same maps, with weights that are made of the
    same stored ones in the same way. A map that several edges pool by the same factor is pooled
    once.

    Before: `x -> max_pool -> a`, `x -> max_pool -> b`
    After:  `x -> max_pool -> a, b`
    Keeps:  every output, bit for bit.
    """

    name: ClassVar[str] = "share-equal"

    def run(self, graph: Graph) -> int:
        """Keep the first of each kind, in graph order."""
        first: dict[tuple[Op, tuple[str, ...]], dict[tuple[Weight, ...], str]] = {}
        count = 0
        for name in [value.id for value in graph.values()]:
            value = graph[name]
            if value.op.kind in {"input", "output"}:
                continue
            alike = first.setdefault((value.op, value.inputs), {})
            keeper = alike.setdefault(_weights(graph, value), name)
            if keeper != name:
                graph.redirect(name, keeper)
                graph.remove(name)
                count += 1
            elif len(alike) > 1:
                self.decline(name, f"it is like {next(iter(alike.values()))}, but for its weights")
        return count


def _weights(graph: Graph, value: Value) -> tuple[Weight, ...]:
    """Return how each of its tensors is made."""
    inputs = tuple(graph[source].type for source in value.inputs)
    tensors = value.op.weights(inputs) | value.op.statistics(inputs)
    return tuple(value.weight(name) for name in tensors)
