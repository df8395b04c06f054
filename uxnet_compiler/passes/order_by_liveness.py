"""Compute values in the order that needs the least memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from uxnet_compiler.analysis import best_order
from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class OrderByLiveness(Pass):
    """Set the order in which the fewest bytes of feature maps are alive at once.

    It is the best of all orders where not too many values can change places with each other, and
    that of a beam search elsewhere. The image may have any size: all maps grow alike.

    Before: `x -> a (large), x -> b (large), a -> pool, b -> pool`, in any order
    After:  the same, and a is pooled before b is made
    Keeps:  every output, bit for bit, every weight and its gradient.

    Attributes:
        width: Number of partial orders that the beam search goes on with.
    """

    name: ClassVar[str] = "order-by-liveness"

    width: Annotated[int, Field(ge=1, le=10_000)] = 32

    def run(self, graph: Graph) -> int:
        """Set the order if it takes less memory than the present one."""
        found = best_order(graph, self.width)
        for name in found.left:
            self.decline(name, "too many values from here on can change places with each other")
        if found.num_bytes >= found.present:
            return 0
        graph.schedule(found.names)
        return 1
