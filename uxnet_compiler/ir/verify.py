"""The rules that every graph keeps between two passes."""

from __future__ import annotations

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir.graph import Graph, Value


def verify(graph: Graph) -> None:
    """Check that a graph is a network.

    Raises:
        GraphError: A type is not what its op infers, or there is not one input, or no output.
    """
    kinds = [value.op.kind for value in graph.values()]
    if kinds.count("input") != 1:
        raise GraphError(f"a graph has one input, this one has {kinds.count('input')}")
    if "output" not in kinds:
        raise GraphError("a graph has at least one output, this one has none")
    for value in graph.values():
        found = value.op.infer(tuple(graph[source].type for source in value.inputs))
        if found != value.type:
            raise GraphError(f"{value.id}: typed {value.type}, but its inputs make {found}")
        unknown = sorted(value.weights.keys() - _tensors(graph, value))
        if unknown:
            raise GraphError(f"{value.id}: {value.op.op} has no weights called {unknown[0]!r}")


def _tensors(graph: Graph, value: Value) -> set[str]:
    if not value.weights:
        return set()
    inputs = tuple(graph[source].type for source in value.inputs)
    return {*value.op.weights(inputs), *value.op.statistics(inputs)}
