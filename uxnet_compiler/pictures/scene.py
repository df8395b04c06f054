"""What a drawing shows: boxes, links and captions, without a place yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.ops import ACTIVATIONS, NORMS, Conv, Op, spell
from uxnet_compiler.pictures.origin import space_of, with_levels_of
from uxnet_compiler.pictures.typography import TIMES, printable, quantity, raised, spelled
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

Way = Literal["coarser", "same", "finer"]


@dataclass(frozen=True)
class Box:
    """A node, the input or the output.

    Attributes:
        id: Of the node.
        stage: Its column, unless an edge would run backwards.
        level: Its row, finest on top.
        lines: What it does, one op a line.
        shape: `op` for a box, `pass` for a dot that only merges, `end` for input and output.
        cut: Whether the search left it out.
        note: All about it, for a tooltip.
    """

    id: str
    stage: int
    level: int
    lines: tuple[str, ...]
    shape: Literal["op", "pass", "end"] = "op"
    cut: bool = False
    note: str = ""


@dataclass(frozen=True)
class Link:
    """An edge between two boxes; `gate` is its strength when a search left evidence."""

    source: str
    target: str
    way: Way
    label: str = ""
    cut: bool = False
    gate: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Scene:
    """All that a drawing shows.

    Attributes:
        spatial_dims: 2 or 3.
        title: Name of the genotype.
        subtitle: Identity and cost.
        rows: Width and grid of each level.
        boxes: Sorted by id, input and output included.
        links: Sorted by source and target.
    """

    spatial_dims: int
    title: str
    subtitle: str
    rows: tuple[tuple[str, str], ...]
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]


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
    boxes = [_box(kept, node) for node in kept.nodes]
    levels = {INPUT: 0, OUTPUT: 0} | {box.id: box.level for box in boxes}
    links = [_link(edge, levels, gates.get(edge.key)) for edge in kept.edges]
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
        subtitle=_subtitle(genotype),
        rows=tuple(_row(frame, level) for level in range(frame.levels)),
        boxes=tuple(sorted([*boxes, *_ends(kept, boxes)], key=lambda box: box.id)),
        links=tuple(sorted(links, key=lambda link: (link.source, link.target))),
    )


def _subtitle(genotype: Genotype) -> str:
    cost = network_cost(genotype.architecture)
    size = spelled(spell(cost.image_size))
    unit = "voxels" if genotype.architecture.spatial_dims == 3 else "pixels"
    return (
        f"id {genotype.id[:12]}     {quantity(cost.params)} parameters"
        f"     {quantity(cost.macs)} MACs for {size} {unit}"
    )


def _row(a: Architecture, level: int) -> tuple[str, str]:
    scale = a.scale(level)
    if set(scale) == {1}:
        grid = "full grid"
    elif len(set(scale)) == 1:
        grid = f"grid 1/{scale[0]}"
    else:
        grid = f"grid 1/{spelled(spell(scale))}"
    return f"{a.widths[level]} channels", grid


def _ends(a: Architecture, boxes: Sequence[Box]) -> tuple[Box, Box]:
    last = max(box.stage for box in boxes)
    channels = "1 channel" if a.in_channels == 1 else f"{a.in_channels} channels"
    classes = "1 class" if a.out_channels == 1 else f"{a.out_channels} classes"
    return (
        Box(INPUT, -1, 0, ("input", channels), "end", note="the image"),
        Box(OUTPUT, last + 1, 0, ("output", classes), "end", note="the logits"),
    )


def _box(a: Architecture, node: Node) -> Box:
    lines = []
    for label, run in groupby(spelled(op.label) for op in _shown(node.ops)):
        times = len(list(run))
        lines += [label] * times if times <= 2 else [f"{times} {TIMES} {label}"]
    incoming = sum(edge.target == node.id for edge in a.edges)
    if not lines:
        lines = ["+"] if incoming > 1 else [""]
        shape: Literal["op", "pass"] = "pass"
    else:
        shape = "op"
    if node.merge == "concat" and incoming > 1:
        lines = ["concat", *lines] if shape == "op" else ["concat"]
        shape = "op"
    if node.width is not None and node.width != a.widths[node.level]:
        lines.append(f"{node.width} channels")
        shape = "op"
    ops = ", ".join(op.label for op in node.ops) or "no ops"
    note = f"{node.id}: {ops}; {a.width(node)} channels"
    return Box(node.id, node.stage, node.level, tuple(filter(None, lines)), shape, note=note)


def _shown(ops: Sequence[Op]) -> Iterator[Op]:
    return (op for op in ops if not isinstance(op, (*NORMS, *ACTIVATIONS)))


def _way(source: int, target: int) -> Way:
    if source == target:
        return "same"
    return "coarser" if source < target else "finer"


def _link(edge: Edge, levels: Mapping[str, int], gate: float | None) -> Link:
    way = _way(levels[edge.source], levels[edge.target])
    note = f"{edge.source} > {edge.target}: " + (
        ", ".join(op.label for op in edge.ops) or "as it is"
    )
    if gate is not None:
        note += f"; gate {gate:.2f}"
    label = _link_label(edge)
    return Link(edge.source, edge.target, way, label, gate=gate, note=note)


def _cut_box(node: Node | SpaceNode) -> Box:
    return Box(node.id, node.stage, node.level, (), cut=True, note=f"{node.id}: cut")


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
        way = _way(levels[edge.source], levels[edge.target])
        found[ends] = Link(*ends, way, cut=True, gate=gate, note=note)
    return list(found.values())


def _link_label(edge: Edge) -> str:
    """Spell the ops of an edge; 1x1x1 convolutions between nodes only change the width."""
    at_end = edge.source == INPUT or edge.target == OUTPUT
    shown = (op for op in _shown(edge.ops) if at_end or not _is_projection(op))
    runs = ((label, len(list(run))) for label, run in groupby(spelled(op.label) for op in shown))
    return " | ".join(label if times == 1 else _power(label, times) for label, times in runs)


def _power(label: str, times: int) -> str:
    """Write three deconvolutions by 2 as `deconv x2` to the power of three."""
    if " " not in label:
        return f"{times} {TIMES} {label}"
    rest, _, factor = label.rpartition(" ")
    if TIMES in factor[1:]:  # per axis
        factor = f"{factor[0]}({factor[1:]})"
    return f"{rest} {factor}{raised(times)}"


def _is_projection(op: Op) -> bool:
    return isinstance(op, Conv) and set(op.kernel) == {1} and op.stride is None
