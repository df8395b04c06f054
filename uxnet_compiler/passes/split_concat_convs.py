"""Convolve the parts of a concatenation without making it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import ClassVar

from uxnet_compiler.analysis import together_or_apart
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ir.graph import New
from uxnet_compiler.ir.weights import Sliced, Weight
from uxnet_compiler.ops import Conv, Sum
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class SplitConcatConvs(Pass):
    """Add up convolutions of the parts of a concatenation that is read by nothing else.

    The concatenation is a copy of all its parts: at the finest level of a decoder that is where
    the memory peaks. It is kept where the results of the parts would take as much.

    Before: `a, b -> concat -> conv`
    After:  `a -> conv (first channels) -> sum, b -> conv (other channels) -> sum`
    Keeps:  every output up to rounding.
    """

    name: ClassVar[str] = "split-concat-convs"
    trainable: ClassVar[bool] = False

    def run(self, graph: Graph) -> int:
        """Split from the last to the first; a part may be a concatenation again."""
        waiting = [value.id for value in graph.values() if value.op.kind == "conv"]
        count = 0
        while waiting:
            value = graph[waiting.pop()]
            if graph[value.inputs[0]].op.kind == "concat" and self._may(graph, value):
                waiting += _split(graph, value)
                count += 1
        return count

    def _may(self, graph: Graph, conv: Value) -> bool:
        merged = graph[conv.inputs[0]]
        op = conv.op
        assert isinstance(op, Conv)
        if op.group_count(merged.type.channels) != 1:
            self.decline(conv.id, "its groups do not follow the parts")
        elif graph.readers(merged.id) != [conv.id]:
            self.decline(conv.id, f"others read {merged.id}, too")
        elif set(op.kernel) == {1} and op.stride is None:
            self.decline(conv.id, "a kernel of one voxel reads each copied number once")
        else:
            # In units of a channel of the result, whose voxels the strides make fewer.
            parts = [math.prod(op.strides) * graph[s].type.channels for s in merged.inputs]
            kept = [graph.readers(source) != [merged.id] for source in merged.inputs]
            together, apart = together_or_apart(parts, kept, op.out_channels)
            if apart < together:
                return True
            self.decline(conv.id, "the results of the parts would take as much memory")
        return False


def _split(graph: Graph, conv: Value) -> list[str]:
    """Put convolutions and their sum in the place of one, and return the convolutions."""
    merged = graph[conv.inputs[0]]
    op = conv.op
    assert isinstance(op, Conv)
    ends = accumulate((graph[s].type.channels for s in merged.inputs), initial=0)
    names: list[str] = []
    made: list[New] = []
    for source, (start, stop) in zip(merged.inputs, pairwise(ends), strict=True):
        weights: dict[str, Weight] = {"weight": Sliced(conv.weight("weight"), 1, start, stop)}
        if not names and op.bias:
            weights["bias"] = conv.weight("bias")
        each = op if not names else op.model_copy(update={"bias": False})
        name = conv.id if not names else _free(graph, f"{conv.id}_part{len(names) + 1}")
        made.append((name, each, (source,), weights))
        names.append(name)
    made.append((_free(graph, f"{conv.id}_parts"), Sum(), tuple(names), {}))
    graph.replace([merged.id, conv.id], made)
    return names


def _free(graph: Graph, name: str) -> str:
    while name in graph:
        name += "_"
    return name
