"""The page of a difference: the drawing of both on one grid, costs, and every change in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uxnet_compiler.diff import VERDICTS, Change, Parts, cost_rows, diff, sizes
from uxnet_compiler.pages.web import drawing, make_page
from uxnet_compiler.pictures.scene_parts import Mark, Scene
from uxnet_compiler.pictures.union import union_scene
from uxnet_compiler.schema import Architecture, Edge, Genotype, Node, drop_dead
from uxnet_compiler.wording import counted

WORDS: Mapping[Mark, str] = {
    "removed": "only before",
    "added": "only after",
    "changed": "differs",
    "kept": "in both",
}

Row = tuple[str, str, str, str]
Facts = dict[str, dict[str, Any]]


def comparison_page(before: Genotype, after: Genotype) -> str:
    """Return a page that shows what differs; it stands alone, and works without a network.

    Raises:
        BackendError: Both together are too large to be drawn.
    """
    found = diff(before, after)
    scene = union_scene(before, after, found)
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
        svg=drawing(scene, "union"),
        facts=_facts(scene, drop_dead(before.architecture), drop_dead(after.architecture)),
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


def _facts(scene: Scene, before: Architecture, after: Architecture) -> dict[str, Facts]:
    """Say of everything in the drawing what became of it and what it does, for its card."""
    old = {node.id: _node(before, node) for node in before.nodes}
    new = {node.id: _node(after, node) for node in after.nodes}
    old |= {edge.key: _ops(edge) for edge in before.edges}
    new |= {edge.key: _ops(edge) for edge in after.edges}

    def fact(key: str, mark: Mark, note: str) -> dict[str, Any]:
        rows = {
            "kept": [("does", new.get(key, note))],
            "removed": [("did", old.get(key, note))],
            "added": [("does", new.get(key, note))],
            "changed": [("before", old.get(key, note)), ("after", new.get(key, note))],
        }[mark]
        return {"title": key, "rows": [("is", WORDS[mark]), *rows]}

    links = {f"{link.source}>{link.target}": link for link in scene.links}
    return {
        "nodes": {box.id: fact(box.id, box.mark, box.note) for box in scene.boxes},
        "edges": {key: fact(key, link.mark, link.note) for key, link in links.items()},
    }


def _node(architecture: Architecture, node: Node) -> str:
    merge = "" if node.merge == "sum" else "concat, "
    return (
        f"{merge}{_ops(node)}; {counted(architecture.width(node), 'channel')} on level {node.level}"
    )


def _ops(part: Node | Edge) -> str:
    return ", ".join(op.label for op in part.ops) or "nothing"
