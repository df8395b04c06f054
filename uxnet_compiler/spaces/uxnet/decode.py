"""Read an architecture out of the evidence of a search (paper, section 2.3; tau = 0.75)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import networkx as nx

from uxnet_compiler.schema import INPUT, OUTPUT, Evidence, alive
from uxnet_compiler.spaces.base import Selection, Space

TAU = 0.75


def read(space: Space, evidence: Evidence, tau: float) -> Selection:
    """Make every choice of the space as the evidence says.

    Keep the likeliest candidate of every choice and the edges whose gate is at least `tau`. When
    the output would be cut off, keep the edges of the path from input to output whose product of
    gates is largest (ours).
    """
    chosen = {
        name: max(candidates, key=lambda c: evidence.choices[name][c])
        for name, candidates in space.choices.items()
    }
    kept = {key for key in space.gates if evidence.gates[key] >= tau}
    repaired: set[str] = set()
    if not alive(space.select(chosen, kept).edges):
        repaired = strongest_path(space, evidence.gates) - kept
        kept |= repaired
    return Selection(chosen, frozenset(kept), frozenset(repaired))


def strongest_path(space: Space, gates: Mapping[str, float]) -> set[str]:
    """Return the gated edges on the path from input to output with the largest gate product."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for edge in space.edges:
        gate = max(gates[edge.key], 1e-12) if edge.gated else 1.0
        graph.add_edge(edge.source, edge.target, cost=-math.log(gate))
    path = nx.dijkstra_path(graph, INPUT, OUTPUT, weight="cost")
    keys = {f"{a}>{b}" for a, b in pairwise(path)}
    return keys & set(space.gates)
