"""Remove merges of a single map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class FoldSingleMerge(Pass):
    """Make the readers of a sum or concatenation of one map read that map.

    A node that only passes a feature on is lowered to just that.

    Before: `x -> sum -> conv`
    After:  `x -> conv`
    Keeps:  every output, bit for bit.
    """

    name: ClassVar[str] = "fold-single-merge"

    def run(self, graph: Graph) -> int:
        """Bypass and remove each of them."""
        found = [v for v in graph.values() if v.op.kind in {"sum", "concat"} and len(v.inputs) == 1]
        for value in found:
            graph.redirect(value.id, graph[value.id].inputs[0])
            graph.remove(value.id)
        return len(found)
