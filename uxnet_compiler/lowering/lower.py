"""Turn an architecture into a graph of primitive ops: the one lowering, for every family."""

from __future__ import annotations

from collections import Counter, defaultdict

from uxnet_compiler.ir import Graph
from uxnet_compiler.ops import Concat, Conv, Input, Op, Output, Resized, Sum
from uxnet_compiler.schema import INPUT, OUTPUT, Architecture, Edge, drop_dead, in_order
from uxnet_compiler.schema.model import AUXILIARY, EDGE_MARK


def slot_name(part: str, target: str | None = None) -> str:
    """Return the prefix of the values of a node, or of the edge from `part` to `target`."""
    return part if target is None else f"{part}{EDGE_MARK}{target}"


def op_names(slot: str, ops: tuple[Op, ...]) -> list[str]:
    """Return the names of the values that a list of ops becomes: `n0_0.conv`, `n0_0.conv_2`."""
    seen: Counter[str] = Counter()
    names = []
    for op in ops:
        seen[op.kind] += 1
        suffix = "" if seen[op.kind] == 1 else f"_{seen[op.kind]}"
        names.append(f"{slot}.{op.kind}{suffix}")
    return names


def lower(architecture: Architecture, *, deep_supervision: bool = False) -> Graph:
    """Lower the living part of an architecture.

    Args:
        architecture: A sound architecture.
        deep_supervision: Add an output for each level between the image's and the deepest that
            has a node: a 1x1x1 convolution on the last such node, named `aux_<level>`.
    """
    pruned = drop_dead(architecture)
    graph = Graph()
    graph.add(INPUT, Input(channels=pruned.in_channels, spatial_dims=pruned.spatial_dims))
    incoming: dict[str, list[Edge]] = defaultdict(list)
    for edge in pruned.edges:
        incoming[edge.target].append(edge)
    nodes = {node.id: node for node in pruned.nodes}
    ends = {INPUT: INPUT}  # node id -> the value that holds its result
    for name in in_order(pruned.edges):
        if name == INPUT:
            continue
        node = nodes.get(name)
        width = pruned.width(node) if node else pruned.out_channels
        arrivals = tuple(
            _chain(graph, slot_name(edge.source, name), edge.ops, ends[edge.source], width)
            for edge in sorted(incoming[name], key=lambda e: e.source)
        )
        if node is None:
            graph.add(OUTPUT, Output(), arrivals)
            continue
        merge: Op = Concat() if node.merge == "concat" else Sum()
        merged = graph.add(f"{name}.{merge.kind}", merge, arrivals)
        ends[name] = _chain(graph, name, node.ops, merged, width)
    if deep_supervision:
        _add_heads(graph, pruned, ends)
    return graph


def _chain(graph: Graph, slot: str, ops: tuple[Op, ...], given: str, width: int) -> str:
    """Append ops one after the other and return the last value."""
    for name, op in zip(op_names(slot, ops), ops, strict=True):
        if isinstance(op, Resized):
            op = op.with_channels(width, graph[given].type.channels)  # noqa: PLW2901
        given = graph.add(name, op, (given,))
    return given


def _add_heads(graph: Graph, architecture: Architecture, ends: dict[str, str]) -> None:
    """Let the last node of each inner level predict, too (deep supervision)."""
    last = {
        node.level: node.id for node in sorted(architecture.nodes, key=lambda n: (n.stage, n.id))
    }
    for level in sorted(set(last) - {0, architecture.levels - 1}):
        head = Conv(
            kernel=(1,) * architecture.spatial_dims,
            channels=architecture.out_channels,
            bias=True,
        )
        made = graph.add(f"{AUXILIARY}{level}.conv", head, (ends[last[level]],))
        graph.add(f"{AUXILIARY}{level}.output", Output(), (made,))
