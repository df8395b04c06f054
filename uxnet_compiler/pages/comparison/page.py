"""The page of a difference: the drawing of both on one grid, costs, and every change in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uxnet_compiler.diff import VERDICTS, Change, Diff, Parts, cost_rows, diff, sizes
from uxnet_compiler.pages.web import drawing, make_page
from uxnet_compiler.pictures.union import union_scene
from uxnet_compiler.schema import Architecture, Edge, Genotype, Node, drop_dead

WORDS = {"removed": "only before", "added": "only after", "changed": "differs", "kept": "in both"}

Row = tuple[str, str, str, str]
Facts = dict[str, dict[str, Any]]


def comparison_page(before: Genotype, after: Genotype) -> str:
    """Return a page that shows what differs; it stands alone, and works without a network.

    Raises:
        BackendError: Both together are too large to be drawn.
    """
    found = diff(before, after)
    return make_page(
        "uxnet_compiler.pages.comparison",
        "comparison.html",
        styles=("comparison.css",),
        scripts=("comparison.js",),
        found=found,
        verdict=VERDICTS[found.relation],
        sizes=sizes(found),
        costs=cost_rows(found),
        nodes=_rows(found.nodes),
        edges=_rows(found.edges),
        svg=drawing(union_scene(before, after, found), "union"),
        facts=_facts(found, drop_dead(before.architecture), drop_dead(after.architecture)),
    )


def _rows(parts: Parts) -> list[Row]:
    """Return a row for every part that differs: name, what became of it, what it was and is."""
    rows = [(part.id, WORDS["removed"], part.does, "") for part in parts.removed]
    rows += [(part.id, WORDS["added"], "", part.does) for part in parts.added]
    for part in parts.changed:
        before = "; ".join(_side(change, change.before) for change in part.changes)
        after = "; ".join(_side(change, change.after) for change in part.changes)
        rows.append((part.id, WORDS["changed"], before, after))
    return sorted(rows)


def _side(change: Change, value: str) -> str:
    return value if change.what == "ops" else f"{change.what} {value}"


def _facts(found: Diff, before: Architecture, after: Architecture) -> dict[str, Facts]:
    """Say of every node and edge what it does in both, for its card."""
    return {
        "nodes": _fact_of_all(
            {node.id: _node(before, node) for node in before.nodes},
            {node.id: _node(after, node) for node in after.nodes},
            found.nodes,
        ),
        "edges": _fact_of_all(
            {edge.key: _edge(edge) for edge in before.edges},
            {edge.key: _edge(edge) for edge in after.edges},
            found.edges,
        ),
    }


def _fact_of_all(old: Mapping[str, str], new: Mapping[str, str], parts: Parts) -> Facts:
    changed = {part.id for part in parts.changed}
    facts = {}
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            what, rows = "removed", [("before", old[key])]
        elif key not in old:
            what, rows = "added", [("after", new[key])]
        elif key in changed or old[key] != new[key]:
            what, rows = "changed", [("before", old[key]), ("after", new[key])]
        else:
            what, rows = "kept", [("does", new[key])]
        facts[key] = {"title": key, "rows": [("is", WORDS[what]), *rows]}
    return facts


def _node(architecture: Architecture, node: Node) -> str:
    merge = "" if node.merge == "sum" else "concat, "
    return f"{merge}{_ops(node)}; {architecture.width(node)} channels on level {node.level}"


def _edge(edge: Edge) -> str:
    return _ops(edge)


def _ops(part: Node | Edge) -> str:
    return ", ".join(op.label for op in part.ops) or "nothing"
