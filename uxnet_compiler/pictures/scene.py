"""What a drawing of a genotype shows: its nodes as boxes, its edges as links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.ops import spell
from uxnet_compiler.pictures.cells import cells_of
from uxnet_compiler.pictures.looks import look_of
from uxnet_compiler.pictures.origin import space_of, with_levels_of
from uxnet_compiler.pictures.scene_parts import Bar, Box, Cluster, Link, Mark, Scene, Way
from uxnet_compiler.pictures.spelling import box_lines, full_list, link_label
from uxnet_compiler.pictures.typography import printable, quantity, spelled
from uxnet_compiler.schema import (
    INPUT,
    OUTPUT,
    Architecture,
    Edge,
    Genotype,
    Node,
    drop_dead,
)
from uxnet_compiler.spaces import SpaceEdge, SpaceNode
from uxnet_compiler.wording import counted

__all__ = ["Bar", "Box", "Cluster", "Link", "Mark", "Scene", "Way", "scene"]


def scene(genotype: Genotype, *, pruned: bool = False, source: str = "genotype") -> Scene:
    """Return what to draw of a genotype.

    Args:
        genotype: Any family's.
        pruned: Also show the nodes and edges of the search space that were cut.
        source: Where the genotype comes from, for messages.

    Raises:
        GenotypeError: `pruned` is asked for, but no fitting search space is named.
    """
    whole = genotype.architecture
    kept = frame = drop_dead(whole)
    gates = {} if genotype.evidence is None else genotype.evidence.gates
    boxes = [box_of(kept, node) for node in kept.nodes]
    levels = {INPUT: 0, OUTPUT: 0} | {box.id: box.level for box in boxes}
    links = [link_of(edge, levels, gates.get(edge.key)) for edge in kept.edges]
    if pruned:
        space = space_of(genotype, source)
        frame = with_levels_of(space, kept)
        nodes: list[Node | SpaceNode] = [*whole.nodes, *space.nodes]
        cut = {node.id: _cut_box(node) for node in nodes if node.id not in levels}
        boxes += cut.values()
        levels |= {box.id: box.level for box in cut.values()}
        links += _cut_links([*whole.edges, *space.edges], links, levels, gates)
    return Scene(
        spatial_dims=kept.spatial_dims,
        title=printable(genotype.name),
        subtitle=subtitle_of(genotype),
        rows=tuple(row_of(frame, level) for level in range(frame.levels)),
        boxes=tuple(sorted([*boxes, *ends_of(kept, boxes)], key=lambda box: box.id)),
        links=tuple(sorted(links, key=lambda link: (link.source, link.target))),
        clusters=cells_of(kept.nodes),
    )


def subtitle_of(genotype: Genotype) -> str:
    """Return identity and cost of a genotype in a line."""
    cost = network_cost(genotype.architecture)
    size = spelled(spell(cost.image_size))
    unit = "voxels" if genotype.architecture.spatial_dims == 3 else "pixels"
    return (
        f"id {genotype.id[:12]}     {quantity(cost.params)} parameters"
        f"     {quantity(cost.macs)} MACs for {size} {unit}"
    )


def row_of(a: Architecture, level: int) -> tuple[str, str]:
    """Return the width and the grid of a level."""
    return counted(a.widths[level], "channel"), grid_of(a.scale(level))


def grid_of(scale: tuple[int, ...]) -> str:
    """Say how fine the grid of that scale is."""
    if set(scale) == {1}:
        return "full grid"
    return f"grid 1/{scale[0]}" if len(set(scale)) == 1 else f"grid 1/{spelled(spell(scale))}"


def ends_of(a: Architecture, boxes: Sequence[Box]) -> tuple[Box, Box]:
    """Return the input and the output, left and right of all boxes."""
    last = max((box.stage for box in boxes), default=-1)
    channels, classes = counted(a.in_channels, "channel"), counted(a.out_channels, "class")
    return (
        Box(INPUT, -1, 0, ("input", channels), "end", look="end", note="the image"),
        Box(OUTPUT, last + 1, 0, ("output", classes), "end", look="end", note="the logits"),
    )


def box_of(a: Architecture, node: Node) -> Box:
    """Return the box of a node."""
    lines = box_lines(a, node)
    ops = full_list(node.ops, "no ops")
    note = f"{node.id}: {ops}; {counted(a.width(node), 'channel')}"
    if lines:
        return Box(node.id, node.stage, node.level, lines, look=look_of(node.ops), note=note)
    adds = sum(edge.target == node.id for edge in a.edges) > 1
    shape: Literal["pass"] = "pass"
    return Box(
        node.id, node.stage, node.level, ("+",) if adds else (), shape, look="pass", note=note
    )


def way_between(source: int, target: int) -> Way:
    """Return where a link from one level to another leads."""
    if source == target:
        return "same"
    return "coarser" if source < target else "finer"


def link_of(edge: Edge, levels: Mapping[str, int], gate: float | None = None) -> Link:
    """Return the link of an edge."""
    way = way_between(levels[edge.source], levels[edge.target])
    note = f"{edge.source} > {edge.target}: {full_list(edge.ops, 'as it is')}"
    if gate is not None:
        note += f"; gate {gate:.2f}"
    return Link(edge.source, edge.target, way, link_label(edge), gate=gate, note=note)


def _cut_box(node: Node | SpaceNode) -> Box:
    return Box(node.id, node.stage, node.level, (), mark="cut", note=f"{node.id}: cut")


def _cut_links(
    edges: Sequence[Edge | SpaceEdge],
    drawn: Sequence[Link],
    levels: Mapping[str, int],
    gates: Mapping[str, float],
) -> list[Link]:
    """Return a link for every edge that is not drawn yet and whose ends are."""
    known = {(link.source, link.target) for link in drawn}
    found = {}
    for edge in edges:
        ends = (edge.source, edge.target)
        if ends in known or not levels.keys() >= set(ends):
            continue
        gate = gates.get(edge.key)
        note = f"{edge.source} > {edge.target}: cut"
        if gate is not None:
            note += f"; gate {gate:.2f}"
        way = way_between(levels[edge.source], levels[edge.target])
        found[ends] = Link(*ends, way, mark="cut", gate=gate, note=note)
    return list(found.values())
