"""The rules that every graph keeps between two passes."""

from __future__ import annotations

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir.graph import Graph, Value
from uxnet_compiler.ops import Input, Output


def verify(graph: Graph) -> None:
    """Check that a graph is a network.

    Values never change, so only those are looked at that are new or read something else since
    the last time.

    Raises:
        GraphError: Values read each other in a circle, a type is not what its op infers, or there
            is not one input, or no output.
    """
    values = list(graph.values())
    count = sum(isinstance(value.op, Input) for value in values)
    if count != 1:
        raise GraphError(f"a graph has one input, this one has {count}")
    if not any(isinstance(value.op, Output) for value in values):
        raise GraphError("a graph has at least one output, this one has none")
    for name in sorted(graph.unverified):
        _verify_value(graph, graph[name])
    graph.unverified.clear()


def _verify_value(graph: Graph, value: Value) -> None:
    inputs = tuple(graph[source].type for source in value.inputs)
    found = value.op.infer(inputs)
    if found != value.type:
        raise GraphError(f"{value.id}: typed {value.type}, but its inputs make {found}")
    if value.weights:
        known = {*value.op.weights(inputs), *value.op.statistics(inputs)}
        unknown = sorted(value.weights.keys() - known)
        if unknown:
            raise GraphError(f"{value.id}: {value.op.op} has no weights called {unknown[0]!r}")
