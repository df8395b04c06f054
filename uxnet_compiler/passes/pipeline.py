"""Run passes one after the other, with the graph's rules checked in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from uxnet_compiler.errors import GraphError, PassError
from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes.base import Pass

Observer = Callable[[Pass, int, Graph], None]
"""Called after each pass with the number of rewrites and the graph."""


def run_passes(graph: Graph, passes: Sequence[Pass], observer: Observer | None = None) -> Graph:
    """Return a rewritten copy of the graph.

    Raises:
        PassError: A pass left a graph that breaks a rule; the message names those before it.
    """
    graph = graph.copy()
    verify(graph)
    done: list[str] = []
    for each in passes:
        try:
            count = each.run(graph)
            verify(graph)
        except GraphError as error:
            before = f" after {', '.join(done)}" if done else ""
            raise PassError(f"pass {each.name!r} failed{before}: {error}") from error
        done.append(each.name)
        if observer is not None:
            observer(each, count, graph)
    return graph
