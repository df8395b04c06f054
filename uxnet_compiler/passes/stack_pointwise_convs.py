"""Multiply many maps by one matrix instead of adding up many products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from uxnet_compiler.analysis import together_or_apart
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ir.graph import New
from uxnet_compiler.ir.weights import Added, Stacked, Weight
from uxnet_compiler.ops import Concat, Conv, Sum
from uxnet_compiler.passes.base import Pass


@dataclass(frozen=True)
class StackPointwiseConvs(Pass):
    """Concatenate maps and convolve once where each has a 1x1 convolution into one sum.

    Worth it where the maps are thinner than what is made of them: the concatenation copies the
    maps, but nothing is added up any more. It is left out where it would take more memory, which
    is where it would be slower, too.

    Before: `a -> conv 1x1 -> sum, b -> conv 1x1 -> sum`
    After:  `a, b -> concat -> conv 1x1 (kernels side by side) -> sum`, without the sum if nothing
            else is added
    Keeps:  every output up to rounding.
    """

    name: ClassVar[str] = "stack-pointwise-convs"
    trainable: ClassVar[bool] = False

    def run(self, graph: Graph) -> int:
        """Stack within every sum, readers before what they read."""
        sums = [value.id for value in graph.values() if value.op.kind == "sum"]
        count = 0
        for name in reversed(sums):
            while terms := self._choose(graph, name):
                _fuse(graph, name, terms)
                count += 1
                if name not in graph:
                    break
        return count

    def _choose(self, graph: Graph, name: str) -> list[Value]:
        """Return the terms of a sum to stack, one for each map: others are better merged."""
        read = [graph[source] for source in dict.fromkeys(graph[name].inputs)]
        pointwise = [term for term in read if _is_pointwise(term)]
        if len(pointwise) < 2:
            return []
        terms: dict[str, Value] = {}
        for term in pointwise:
            if self._may(graph, name, term):
                terms.setdefault(term.inputs[0], term)
        if len(terms) < 2:
            return []
        together, apart = together_or_apart(
            [graph[source].type.channels for source in terms],
            [graph.readers(source) != [term.id] for source, term in terms.items()],
            graph[name].type.channels,
        )
        if together >= apart:
            self.decline(name, "the concatenation would take as much memory as what is added up")
            return []
        return list(terms.values())

    def _may(self, graph: Graph, name: str, term: Value) -> bool:
        source = graph[term.inputs[0]]
        if _conv(term).group_count(source.type.channels) != 1:
            self.decline(term.id, "it has groups")
        elif graph.readers(term.id) != [name] or graph[name].inputs.count(term.id) > 1:
            self.decline(term.id, f"{name} is not the only one to read it, or reads it twice")
        elif source.op.kind == "concat":
            self.decline(term.id, "it reads a concatenation, which would be copied again")
        else:
            return True
        return False


def _is_pointwise(value: Value) -> bool:
    op = value.op
    return isinstance(op, Conv) and set(op.kernel) == {1} and op.stride is None


def _conv(value: Value) -> Conv:
    assert isinstance(value.op, Conv)
    return value.op


def _fuse(graph: Graph, name: str, terms: list[Value]) -> None:
    """Put a concatenation and one convolution in the place of several terms of a sum."""
    first = terms[0]
    merged = f"{first.id}_maps"
    while merged in graph:
        merged += "_"
    bias = [term.weight("bias") for term in terms if _conv(term).bias]
    weights: dict[str, Weight] = {
        "weight": Stacked(tuple(term.weight("weight") for term in terms), axis=1),
        **({"bias": Added(tuple(bias)) if len(bias) > 1 else bias[0]} if bias else {}),
    }
    gone = {term.id for term in terms}
    op = _conv(first).model_copy(update={"bias": bool(bias)})
    made: list[New] = [
        (merged, Concat(), tuple(term.inputs[0] for term in terms), {}),
        (first.id, op, (merged,), weights),
    ]
    left = tuple(s for s in graph[name].inputs if s == first.id or s not in gone)
    if len(left) > 1:
        made.append((name, Sum(), left, {}))
    graph.replace([*gone, name], made)
