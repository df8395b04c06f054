"""Remove what cannot change an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class DropDead(Pass):
    """Remove the values that no output depends on.

    Before: `x -> conv -> (nobody)`
    After:  `x`
    Keeps:  every output, bit for bit.
    """

    name: ClassVar[str] = "drop-dead"

    def run(self, graph: Graph) -> int:
        """Remove readers before what they read."""
        kept = graph.reachable()
        dead = [v.id for v in graph.values() if v.id not in kept and v.op.kind != "input"]
        for name in reversed(dead):
            graph.remove(name)
        return len(dead)
