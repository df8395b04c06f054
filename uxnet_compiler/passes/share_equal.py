"""Compute once what is computed twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class ShareEqual(Pass):
    """Let readers of equal values without weights read one of them.

    A map that several edges pool by the same factor is pooled once.

    Before: `x -> max_pool -> a`, `x -> max_pool -> b`
    After:  `x -> max_pool -> a, b`
    Keeps:  every output, bit for bit.
    """

    name: ClassVar[str] = "share-equal"

    def run(self, graph: Graph) -> int:
        """Keep the first of each kind, in graph order."""
        first: dict[tuple[str, tuple[str, ...]], str] = {}
        count = 0
        for name in [value.id for value in graph.values()]:
            value = graph[name]
            inputs = tuple(graph[source].type for source in value.inputs)
            if value.op.kind in {"input", "output"} or value.op.params(inputs):
                continue
            keeper = first.setdefault((value.op.model_dump_json(), value.inputs), name)
            if keeper != name:
                graph.redirect(name, keeper)
                graph.remove(name)
                count += 1
        return count
