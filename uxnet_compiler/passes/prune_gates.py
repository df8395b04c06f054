"""Cut weak edges off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops import Scale, Sum
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class PruneGates(Pass):
    """Remove the terms of a sum that a gate weaker than `tau` lets through.

    A gate is a `scale@1` that a sum reads; its strength is the size of its factor, whatever the
    sign. The strongest term of a sum stays in any case, and a term without a gate is stronger
    than any gate. What made the removed terms is left to `drop-dead`.

    Before: `sum(a, scale 0.9 of b, scale 0.1 of c)`
    After:  `sum(a, scale 0.9 of b)`
    Keeps:  every term of at least `tau`, and that no sum is empty; not the outputs.

    Attributes:
        tau: The weakest gate that stays.
    """

    name: ClassVar[str] = "prune-gates"
    trainable: ClassVar[bool] = False
    exact: ClassVar[bool] = False

    tau: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.75

    def run(self, graph: Graph) -> int:
        """Look at every sum."""
        sums = [value for value in graph.values() if isinstance(value.op, Sum)]
        return sum(self._prune(graph, value) for value in sums)

    def _prune(self, graph: Graph, merge: Value) -> int:
        strengths = [_strength(graph[term]) for term in merge.inputs]
        kept = [t for t, s in zip(merge.inputs, strengths, strict=True) if s >= self.tau]
        if not kept:
            kept = [merge.inputs[strengths.index(max(strengths))]]
            self.decline(kept[0], f"{merge.id} has no stronger term")
        if len(kept) < len(merge.inputs):
            graph.replace([merge.id], [(merge.id, merge.op, tuple(kept), {})])
        return len(merge.inputs) - len(kept)


def _strength(term: Value) -> float:
    return abs(term.op.factor) if isinstance(term.op, Scale) else float("inf")
