"""Remove biases that a norm subtracts again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops import Conv, GroupNorm, TransposedConv
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class DropBiasBeforeNorm(Pass):
    """Remove the bias of a convolution when norms that subtract the mean of a map alone read it.

    A bias moves the mean of its channel by the same amount, and its gradient is 0. An instance
    norm subtracts that mean, and so does a group norm with a group for each channel; in larger
    groups a bias changes the deviation. A batch norm does so only while it trains: afterwards it
    subtracts a mean that it remembers, so there `fold-batch-norm` keeps account of the bias.

    Before: `x -> conv with bias -> instance_norm`
    After:  `x -> conv -> instance_norm`
    Keeps:  every output up to rounding, every other weight and its gradient.
    """

    name: ClassVar[str] = "drop-bias-before-norm"

    def run(self, graph: Graph) -> int:
        """Look at every convolution that has a bias."""
        found = [
            value
            for value in graph.values()
            if isinstance(value.op, Conv | TransposedConv) and value.op.bias
        ]
        dead = [value for value in found if self._is_dead(graph, value)]
        for value in dead:
            op = value.op.model_copy(update={"bias": False})
            weights = {name: made for name, made in value.weights.items() if name != "bias"}
            graph.replace([value.id], [(value.id, op, graph[value.id].inputs, weights)])
        return len(dead)

    def _is_dead(self, graph: Graph, conv: Value) -> bool:
        readers = [graph[reader] for reader in graph.readers(conv.id)]
        norms = [reader for reader in readers if reader.op.kind.endswith("_norm")]
        if not norms:
            return False
        if len(norms) < len(readers):
            self.decline(conv.id, f"others than {norms[0].id} read it, too")
            return False
        for norm in norms:
            if norm.op.kind == "batch_norm":
                self.decline(conv.id, f"the running mean of {norm.id} remembers the bias")
                return False
            channels = norm.type.channels
            if isinstance(norm.op, GroupNorm) and norm.op.group_count(channels) != channels:
                self.decline(conv.id, f"a group of {norm.id} has several channels")
                return False
        return True
