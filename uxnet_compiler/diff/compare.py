"""Find what differs between two architectures: frame, nodes, edges and cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from uxnet_compiler.analysis import Cost
from uxnet_compiler.compiler import network_cost
from uxnet_compiler.diff.model import Change, ChangedPart, Diff, Part, Parts, Relation, Side
from uxnet_compiler.diff.words import in_full
from uxnet_compiler.ops import LayerOp, spell
from uxnet_compiler.schema import (
    Architecture,
    Edge,
    Genotype,
    Node,
    drop_dead,
    sizeless_id,
    structure_id,
)


def diff(a: Genotype, b: Genotype) -> Diff:
    """Compare two genotypes by what they mean, whatever order or name their files give it."""
    before, after = drop_dead(a.architecture), drop_dead(b.architecture)
    relation = _relation(before, after, same=a.id == b.id)
    costs = _costs(before, after)
    return Diff(
        relation=relation,
        before=_side(a, costs[0]),
        after=_side(b, costs[1]),
        frame=_changes(_frame(before), _frame(after)),
        nodes=_node_parts(before, after),
        edges=Parts() if relation == "renamed" else _edge_parts(before, after),
        apart=tuple(
            field
            for field in ("name", "space", "evidence", "provenance")
            if getattr(a, field) != getattr(b, field)
        ),
    )


def _relation(a: Architecture, b: Architecture, *, same: bool) -> Relation:
    if same:
        return "same"
    if structure_id(a) == structure_id(b):
        return "renamed"
    return "resized" if sizeless_id(a) == sizeless_id(b) else "different"


def _costs(a: Architecture, b: Architecture) -> tuple[Cost, Cost]:
    """Return both costs, for one size that suits both when they have the same axes."""
    if a.spatial_dims != b.spatial_dims:
        return network_cost(a), network_cost(b)
    target = 64 if a.spatial_dims == 3 else 256
    steps = (math.lcm(*each) for each in zip(a.total_stride, b.total_stride, strict=True))
    size = tuple(-(-target // step) * step for step in steps)
    return network_cost(a, size), network_cost(b, size)


def _side(genotype: Genotype, cost: Cost) -> Side:
    return Side(
        name=genotype.name,
        id=genotype.id,
        image_size=cost.image_size,
        params=cost.params,
        macs=cost.macs,
        peak_bytes=cost.peak_bytes,
    )


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change(what=what, before=before[what], after=after[what])
        for what in before
        if before[what] != after[what]
    )


def _frame(a: Architecture) -> dict[str, str]:
    return {
        "axes": str(a.spatial_dims),
        "image channels": str(a.in_channels),
        "classes": str(a.out_channels),
        "levels": str(a.levels),
        "widths": " ".join(map(str, a.widths)),
        "strides": " ".join(map(spell, a.strides)),
    }


def _node_parts(before: Architecture, after: Architecture) -> Parts:
    old, new = ({node.id: node for node in a.nodes} for a in (before, after))

    def place(a: Architecture, node: Node) -> dict[str, str]:
        own = a.width(node) != a.widths[node.level]
        return {
            "stage": str(node.stage),
            "level": str(node.level),
            "width": str(node.width) if own else "the level's",
            "merge": node.merge,
        }

    def changed(name: str) -> tuple[Change, ...]:
        return _changes(place(before, old[name]), place(after, new[name])) + _op_changes(
            old[name].ops, new[name].ops
        )

    return _parts(
        {name: f"level {node.level}: {_does(node.ops)}" for name, node in old.items()},
        {name: f"level {node.level}: {_does(node.ops)}" for name, node in new.items()},
        {name: changed(name) for name in old.keys() & new.keys()},
    )


def _edge_parts(before: Architecture, after: Architecture) -> Parts:
    old, new = ({edge.key: edge for edge in a.edges} for a in (before, after))

    def does(edges: Mapping[str, Edge]) -> dict[str, str]:
        return {key: _does(edge.ops) for key, edge in edges.items()}

    changed = {key: _op_changes(old[key].ops, new[key].ops) for key in old.keys() & new.keys()}
    return _parts(does(old), does(new), changed)


def _parts(
    old: Mapping[str, str], new: Mapping[str, str], changed: Mapping[str, tuple[Change, ...]]
) -> Parts:
    def only(these: Mapping[str, str], others: Iterable[str]) -> tuple[Part, ...]:
        return tuple(Part(id=key, does=these[key]) for key in sorted(these.keys() - set(others)))

    return Parts(
        removed=only(old, new),
        added=only(new, old),
        changed=tuple(
            ChangedPart(id=key, changes=changes)
            for key, changes in sorted(changed.items())
            if changes
        ),
    )


def _op_changes(old: Sequence[LayerOp], new: Sequence[LayerOp]) -> tuple[Change, ...]:
    """Return the stretch of ops that differs, without what is equal ahead of it and behind it."""
    if tuple(old) == tuple(new):
        return ()
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    spelled = (_does(before), _does(after))
    if spelled[0] == spelled[1]:  # a label does not tell all attributes
        spelled = (", ".join(map(in_full, before)), ", ".join(map(in_full, after)))
    return (Change(what="ops", before=spelled[0], after=spelled[1]),)


def _does(ops: Iterable[LayerOp]) -> str:
    return ", ".join(op.label for op in ops) or "nothing"
