"""What a type cannot say: whether nodes, edges and ops fit together to a network."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from graphlib import CycleError

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops import Concat, Input, Op, Resized, Sum, TensorType, spell
from uxnet_compiler.schema.model import INPUT, OUTPUT, Architecture, Edge, Node
from uxnet_compiler.schema.reach import alive, in_order

Defect = tuple[str, str]
"""JSON path and message."""


def defects(architecture: Architecture) -> list[Defect]:
    """Return everything that keeps an architecture from being a network, with JSON paths.

    The checks build on each other, so the first group that fails ends the list.
    """
    for group in (_frame, _names, _ends, _axes, _types):
        found = list(group(architecture))
        if found:
            return [(f"architecture.{path}", message) for path, message in found]
    return []


def _frame(a: Architecture) -> Iterator[Defect]:
    if len(a.strides) != len(a.widths):
        yield (
            "strides",
            f"{len(a.strides)} levels, but widths names {len(a.widths)}; both need one per level",
        )
    for index, stride in enumerate(a.strides):
        if len(stride) != a.spatial_dims:
            yield f"strides[{index}]", f"needs {a.spatial_dims} numbers, one per axis"
    if set(a.strides[0]) != {1}:
        yield "strides[0]", "level 0 is the image's grid: all ones"


def _names(a: Architecture) -> Iterator[Defect]:
    for name, count in Counter(node.id for node in a.nodes).items():
        if count > 1 or name in {INPUT, OUTPUT}:
            index = max(i for i, node in enumerate(a.nodes) if node.id == name)
            why = "is taken" if count > 1 else "is reserved"
            yield f"nodes[{index}].id", f"{name!r} {why}; every node needs an id of its own"
    known = {node.id for node in a.nodes}
    for index, node in enumerate(a.nodes):
        if node.level >= a.levels:
            yield f"nodes[{index}].level", f"level {node.level}, but there are {a.levels} levels"
    sources, targets = known | {INPUT}, known | {OUTPUT}
    seen: set[tuple[str, str]] = set()
    for index, edge in enumerate(a.edges):
        if edge.source not in sources:
            yield f"edges[{index}].source", f"there is no node {edge.source!r}"
        if edge.target not in targets:
            yield f"edges[{index}].target", f"there is no node {edge.target!r}"
        if (edge.source, edge.target) in seen:
            yield f"edges[{index}]", f"a second edge {edge.key}; one is the limit"
        seen.add((edge.source, edge.target))


def _ends(a: Architecture) -> Iterator[Defect]:
    try:
        in_order(a.edges)
    except CycleError as error:
        yield "edges", f"a cycle: {' > '.join(error.args[1])}"
        return
    if not alive(a.edges):
        yield "edges", f"no path leads from {INPUT!r} to {OUTPUT!r}"
    count = sum(edge.target == OUTPUT for edge in a.edges)
    if count > 1:
        yield "edges", f"{count} edges lead to {OUTPUT!r}; exactly one is needed"


def _axes(a: Architecture) -> Iterator[Defect]:
    for path, op in _all_ops(a):
        if op.axes not in {None, a.spatial_dims}:
            yield path, f"{op.op} speaks of {op.axes} axes in a {a.spatial_dims}-D architecture"


def _all_ops(a: Architecture) -> Iterator[tuple[str, Op]]:
    groups: tuple[tuple[str, Sequence[Node | Edge]], ...] = (("nodes", a.nodes), ("edges", a.edges))
    for group, members in groups:
        for index, member in enumerate(members):
            for position, op in enumerate(member.ops):
                yield f"{group}[{index}].ops[{position}]", op


def _types(a: Architecture) -> Iterator[Defect]:
    """Follow channels and grids through the living part of the network."""
    kept = alive(a.edges)
    nodes = {node.id: (index, node) for index, node in enumerate(a.nodes)}
    incoming: dict[str, list[tuple[int, Edge]]] = defaultdict(list)
    for index, edge in enumerate(a.edges):
        if edge.source in kept and edge.target in kept:
            incoming[edge.target].append((index, edge))
    types = {INPUT: Input(channels=a.in_channels, spatial_dims=a.spatial_dims).infer(())}
    for name in in_order(edge for edges in incoming.values() for _, edge in edges):
        if name == INPUT:
            continue
        try:
            types[name] = _node_type(a, nodes.get(name), incoming[name], types)
        except _DefectError as error:
            yield error.defect
            return


class _DefectError(Exception):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.defect = (path, message)


def _node_type(
    a: Architecture,
    place: tuple[int, Node] | None,
    incoming: list[tuple[int, Edge]],
    types: dict[str, TensorType],
) -> TensorType:
    node = place[1] if place else None
    width = a.width(node) if node else a.out_channels
    want = a.scale(node.level if node else 0)
    arrivals = []
    for index, edge in sorted(incoming, key=lambda pair: pair[1].source):
        path = f"edges[{index}].ops"
        given = types[edge.source]
        *_, arrived = made = _apply(edge.ops, given, width, path)
        if arrived.scale != want:
            raise _DefectError(
                path,
                f"{edge.key} arrives {spell(arrived.scale)} times coarser than the image,"
                f" its target lies at {spell(want)}",
            )
        _stay(edge.ops, made, max(given.scale, want), path)  # one divides the other
        arrivals.append(arrived)
    if place is None:
        if arrivals[0].channels != a.out_channels:
            raise _DefectError(
                f"edges[{incoming[0][0]}].ops",
                f"the output has {arrivals[0].channels} channels,"
                f" out_channels says {a.out_channels}",
            )
        return arrivals[0]
    index, node = place
    merge: Op = Concat() if node.merge == "concat" else Sum()
    try:
        merged = merge.infer(tuple(arrivals))
    except GraphError as error:
        sources = ", ".join(sorted(edge.source for _, edge in incoming))
        raise _DefectError(f"nodes[{index}]", f"{node.id}: {error} (from {sources})") from None
    path = f"nodes[{index}].ops"
    *_, result = made = _apply(node.ops, merged, width, path)
    if result.scale != want:
        raise _DefectError(path, f"{node.id}: only edges may change the grid")
    _stay(node.ops, made, want, path)
    return result


def _apply(ops: tuple[Op, ...], given: TensorType, width: int, path: str) -> list[TensorType]:
    """Return what is given and what each op makes of it."""
    made = [given]
    for position, op in enumerate(ops):
        given = made[-1]
        try:
            full = op.with_channels(width, given.channels) if isinstance(op, Resized) else op
            made.append(full.infer((given,)))
        except GraphError as error:
            raise _DefectError(f"{path}[{position}]", f"{op.op}: {error}") from None
    return made


def _stay(ops: tuple[Op, ...], made: list[TensorType], most: tuple[int, ...], path: str) -> None:
    """Refuse a detour to grids that the sizes of sound images need not divide into."""
    for position, (op, value) in enumerate(zip(ops, made[1:], strict=True)):
        if any(m % s for m, s in zip(most, value.scale, strict=True)):
            raise _DefectError(
                f"{path}[{position}]",
                f"{op.op} makes a map {spell(value.scale)} times coarser than the image, between"
                f" ends that are {spell(most)} times coarser at most; use a node of a deeper level",
            )
