"""Which nodes and edges of an architecture matter: those on a path from input to output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from uxnet_compiler.schema.model import INPUT, OUTPUT, Architecture, Edge


def alive(edges: Iterable[Edge]) -> set[str]:
    """Return the ids that lie on a path from `input` to `output`, these two included.

    The set is empty when no such path exists.
    """
    forward: dict[str, list[str]] = defaultdict(list)
    backward: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        forward[edge.source].append(edge.target)
        backward[edge.target].append(edge.source)
    return _closure(INPUT, forward) & _closure(OUTPUT, backward)


def _closure(start: str, neighbours: Mapping[str, list[str]]) -> set[str]:
    seen = {start}
    stack = [start]
    while stack:
        for name in neighbours.get(stack.pop(), ()):
            if name not in seen:
                seen.add(name)
                stack.append(name)
    return seen


def drop_dead(architecture: Architecture) -> Architecture:
    """Return the architecture without the parts that cannot change its output, in sorted order.

    Levels deeper than any living node go too, so that images need not be multiples of theirs.

    Source:
        UXNet, section 2.2, rule (b) for nodes that reach no output. Ours: nodes that no input
        reaches go too.
    """
    kept = alive(architecture.edges)
    nodes = sorted((n for n in architecture.nodes if n.id in kept), key=lambda n: n.id)
    levels = max((n.level for n in nodes), default=0) + 1
    return architecture.model_copy(
        update={
            "widths": architecture.widths[:levels],
            "strides": architecture.strides[:levels],
            "nodes": tuple(nodes),
            "edges": tuple(
                sorted(
                    (e for e in architecture.edges if e.source in kept and e.target in kept),
                    key=lambda e: (e.source, e.target),
                )
            ),
        }
    )


def in_order(edges: Iterable[Edge]) -> list[str]:
    """Return the ids so that every source comes before its targets.

    Raises:
        graphlib.CycleError: There is a cycle; its second argument lists it.
    """
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        sources[edge.target].append(edge.source)
    for before in sources.values():
        before.sort()
    return list(TopologicalSorter(sources).static_order())
