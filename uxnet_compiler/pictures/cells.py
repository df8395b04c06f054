"""Cells: nodes that a document keeps together, found from its stages, levels and names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import takewhile

import networkx as nx

from uxnet_compiler.pictures.scene_parts import Cluster
from uxnet_compiler.schema import Node


def cells_of(nodes: Sequence[Node]) -> tuple[Cluster, ...]:
    """Return the cells of several nodes, sorted by id.

    Nodes of one stage and level are a cell, and so are a node `down1` and those that are named
    after it: `down1_0`, `down1_left`.
    """
    names = {node.id for node in nodes}
    together: nx.Graph[str] = nx.Graph()
    at: dict[tuple[int, int], list[str]] = defaultdict(list)
    for node in nodes:
        at[node.stage, node.level].append(node.id)
        owner = _owner(node.id, names)
        if owner is not None:
            together.add_edge(owner, node.id)
    for neighbours in at.values():
        if len(neighbours) > 1:
            nx.add_star(together, sorted(neighbours))
    found = (tuple(sorted(group)) for group in nx.connected_components(together))
    return tuple(Cluster(group[0], _caption(group), group) for group in sorted(found))


def _owner(name: str, names: set[str]) -> str | None:
    """Return the longest other name that this one goes on from behind an underscore."""
    parts = name.split("_")
    heads = ("_".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((head for head in heads if head in names), None)


def _caption(group: Sequence[str]) -> str:
    """Return what all names begin with, where that says something."""
    shared = takewhile(lambda letters: len(set(letters)) == 1, zip(*group, strict=False))
    start = "".join(letters[0] for letters in shared)
    if start not in group:
        start = start.rstrip("0123456789").rstrip("_")
    return start if len(start) > 2 else ""
