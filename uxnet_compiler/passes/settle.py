"""Go on until no pass finds anything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import ClassVar

from uxnet_compiler.ir import Graph
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class Settle(Pass):
    """Run the exact passes before it in the catalogue again until none of them finds anything.

    Each of them may make work for one before it: convolutions that merge make a sum vanish, and
    the scale behind that sum can go into them.

    Before: what one round leaves
    After:  what none of these passes changes any more
    Keeps:  every output up to rounding.
    """

    name: ClassVar[str] = "settle"
    trainable: ClassVar[bool] = False

    def run(self, graph: Graph) -> int:
        """Return the number of rewrites of all rounds."""
        # The catalogue has this pass, too.
        from uxnet_compiler.passes.catalogue import PASSES

        before = takewhile(lambda each: each is not Settle, PASSES.values())
        passes = [each() for each in before if each.exact]
        count = 0
        while made := sum(each.run(graph) for each in passes):
            count += made
        return count
