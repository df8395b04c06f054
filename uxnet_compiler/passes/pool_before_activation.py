"""Apply an activation to the small map instead of the large one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from uxnet_compiler.ir import Graph
from uxnet_compiler.ops import LeakyRelu, MaxPool, Relu
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class PoolBeforeActivation(Pass):
    """Put max pools before the activation that they read.

    The largest of f(x) is f of the largest x when f never falls; slopes of `leaky_relu` are not
    negative. With a factor of 2 the activation sees an eighth of the voxels. When several pools
    read it each gets its own, as long as these see fewer voxels together; equal pools count
    once, since `share-equal` makes them one.

    Before: `x -> leaky_relu -> max_pool`
    After:  `x -> max_pool -> leaky_relu`
    Keeps:  every output and gradient, up to the choice among voxels that are equally large.
    """

    name: ClassVar[str] = "pool-before-activation"

    def run(self, graph: Graph) -> int:
        """Swap pool after pool; an activation may pass several of them."""
        count = 0
        # The last ones first: what reads an activation is final when its turn comes.
        waiting = [v.id for v in graph.values() if isinstance(v.op, Relu | LeakyRelu)]
        while waiting:
            moved = self._swap(graph, waiting.pop())
            count += len(moved)
            waiting += moved
        return count

    def _swap(self, graph: Graph, name: str) -> list[str]:
        """Move the pools of an activation and return the activations behind them."""
        readers = graph.readers(name)
        pools = [reader for reader in readers if isinstance(graph[reader].op, MaxPool)]
        if not pools:
            return []
        if len(pools) < len(readers):
            self.decline(name, "others than max pools read it, too")
            return []
        if sum(_share(op) for op in {graph[pool].op for pool in pools}) >= 1:
            self.decline(name, "behind its pools there are as many voxels as before them")
            return []
        activation = graph[name]
        moved = []
        for pool in pools:
            last = pool == pools[-1]
            own = name if last else _free_name(graph, pool, activation.op.kind)
            graph.replace(
                [name, pool] if last else [pool],
                [
                    (pool, graph[pool].op, activation.inputs, {}),
                    (own, activation.op, (pool,), {}),
                ],
            )
            moved.append(own)
        return moved


def _share(op: object) -> Fraction:
    """Return the share of the voxels that are left behind a pool."""
    assert isinstance(op, MaxPool)
    return Fraction(1, math.prod(op.factor))


def _free_name(graph: Graph, pool: str, kind: str) -> str:
    slot = pool.partition(".")[0]
    name, number = f"{slot}.{kind}", 1
    while name in graph:
        number += 1
        name = f"{slot}.{kind}_{number}"
    return name
