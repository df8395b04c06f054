"""A drawing in large: each cell of a genotype is one box that says what it does in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from uxnet_compiler.ops import Op
from uxnet_compiler.pictures.cells import cells_of
from uxnet_compiler.pictures.looks import is_projection, look_of, shown
from uxnet_compiler.pictures.scene import box_of, ends_of, row_of, subtitle_of, way_between
from uxnet_compiler.pictures.scene_parts import Box, Cluster, Link, Scene
from uxnet_compiler.pictures.typography import TIMES, printable, spelled
from uxnet_compiler.schema import (
    INPUT,
    OUTPUT,
    Architecture,
    Edge,
    Genotype,
    Node,
    drop_dead,
    in_order,
)
from uxnet_compiler.wording import counted

MOST_LINES = 4


def summary(genotype: Genotype) -> Scene:
    """Return what to draw of a genotype whose cells are one box each.

    A node that is in no cell is a cell of its own. The ops of edges within a cell count as its
    own; those of edges between cells are not shown.
    """
    a = drop_dead(genotype.architecture)
    cells = _acyclic(a, cells_of(a.nodes))
    cell_of = {name: cell for cell in cells for name in cell.boxes}
    cell_of |= {
        node.id: Cluster(node.id, node.id, (node.id,)) for node in a.nodes if node.id not in cell_of
    }
    by_id = {node.id: node for node in a.nodes}
    order = {name: index for index, name in enumerate(in_order(a.edges))}
    boxes = []
    for cell in sorted(set(cell_of.values()), key=lambda cell: cell.id):
        nodes = sorted((by_id[name] for name in cell.boxes), key=lambda node: order[node.id])
        edges = [e for e in a.edges if {e.source, e.target} <= set(cell.boxes)]
        boxes.append(box_of(a, nodes[0]) if len(nodes) == 1 else _box(cell, nodes, edges))
    home = {name: cell.id for name, cell in cell_of.items()} | {INPUT: INPUT, OUTPUT: OUTPUT}
    levels = {box.id: box.level for box in boxes} | {INPUT: 0, OUTPUT: 0}
    return Scene(
        spatial_dims=a.spatial_dims,
        title=printable(genotype.name),
        subtitle=subtitle_of(genotype),
        rows=tuple(row_of(a, level) for level in range(a.levels)),
        boxes=tuple(sorted([*boxes, *ends_of(a, boxes)], key=lambda box: box.id)),
        links=tuple(_links(a.edges, home, levels)),
        stacked="Lines in a box: all ops of its nodes and of the edges between these.",
        hidden="ops between boxes, norms, activations and what only fits the channels",
    )


def _acyclic(a: Architecture, cells: Iterable[Cluster]) -> list[Cluster]:
    """Leave out cells that an edge leaves and enters again: as boxes they would read themselves."""
    kept = []
    readers: dict[str, set[str]] = {}
    for edge in a.edges:
        readers.setdefault(edge.source, set()).add(edge.target)
    for cell in cells:
        own = set(cell.boxes)
        seen: set[str] = set()
        front = [name for each in own for name in readers.get(each, ()) if name not in own]
        while front:
            name = front.pop()
            if name not in seen:
                seen.add(name)
                front += readers.get(name, ())
        if not seen & own:
            kept.append(cell)
    return kept


def _box(cell: Cluster, nodes: Sequence[Node], edges: Sequence[Edge]) -> Box:
    parts: list[Node | Edge] = [*nodes, *edges]
    ops: list[Op] = [op for part in parts for op in part.ops]
    last = nodes[-1]
    lines = tuple(_lines(ops))
    if not lines and any(node.merge == "concat" for node in nodes):
        lines = ("concat",)
    note = f"{cell.caption or cell.id}: {', '.join(cell.boxes)}"
    lines = (cell.caption or counted(len(nodes), "node"), *lines)
    return Box(cell.id, last.stage, last.level, lines, look=look_of(ops), note=note)


def _lines(ops: Sequence[Op]) -> Iterable[str]:
    counts = Counter(spelled(op.label) for op in shown(ops) if not is_projection(op))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for label, count in ranked[: MOST_LINES if len(ranked) <= MOST_LINES else MOST_LINES - 1]:
        yield label if count == 1 else f"{count} {TIMES} {label}"
    if len(ranked) > MOST_LINES:
        yield f"and {len(ranked) - MOST_LINES + 1} more"


def _links(edges: Sequence[Edge], home: Mapping[str, str], levels: Mapping[str, int]) -> list[Link]:
    found: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        ends = (home[edge.source], home[edge.target])
        if ends[0] != ends[1]:
            found.setdefault(ends, []).append(edge)
    return [
        Link(
            *ends,
            way_between(levels[ends[0]], levels[ends[1]]),
            note=f"{ends[0]} > {ends[1]}: {counted(len(merged), 'edge')}",
        )
        for ends, merged in sorted(found.items())
    ]
