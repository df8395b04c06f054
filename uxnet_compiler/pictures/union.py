"""Two architectures on one grid: what both have, what only one has, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import starmap
from typing import TypeVar

import networkx as nx

from uxnet_compiler.diff import VERDICTS, Change, Diff, Parts, cost_rows, diff
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ops import spell
from uxnet_compiler.pictures.cells import cells_of
from uxnet_compiler.pictures.render import MAX_EDGES, MAX_NODES
from uxnet_compiler.pictures.scene import box_of, ends_of, link_of, row_of
from uxnet_compiler.pictures.scene_parts import Box, Cluster, Link, Mark, Scene
from uxnet_compiler.pictures.spelling import THEN
from uxnet_compiler.pictures.typography import printable, shortened, spelled
from uxnet_compiler.schema import INPUT, OUTPUT, Architecture, Genotype, drop_dead

TO = "\u2192"
BEFORE = " (before)"
"""Ends the id of a box whose node stands elsewhere afterwards; no id of a node has a space."""
WORDS: Mapping[Mark, str] = {"removed": "only before", "added": "only after"}
NO_OPS = ("passes on",)
BRIEF_SIZE, BRIEF_WIDTH = 8.5, 150.0  # of each line that tells a change, at most
Part = TypeVar("Part", Box, Link)


def union_scene(before: Genotype, after: Genotype, found: Diff | None = None) -> Scene:
    """Return both architectures as one scene.

    Nodes are the same by their ids, as in a diff. One that changes its level, or that comes before
    another in one architecture and after it in the other, is shown twice: removed and added.
    Columns are those of the second architecture where both have a node. Where only names and
    columns differ, the second is shown alone: everything in it is in the first, too.

    Args:
        before: The first, of any family.
        after: The second.
        found: What differs between them, when it is known already.

    Raises:
        BackendError: Both together are too large to be drawn.
    """
    found = found or diff(before, after)
    new = drop_dead(after.architecture)
    old = new if found.relation == "renamed" else drop_dead(before.architecture)
    old_id = _names_before(old, new)
    nodes = Parts() if found.relation == "renamed" else found.nodes
    boxes = _boxes(old, new, old_id, nodes)
    links = _links(old, new, old_id, found.edges)
    if len(boxes) > MAX_NODES or len(links) > MAX_EDGES:
        raise BackendError(
            f"{len(boxes)} nodes and {len(links)} edges of both together are too many to draw;"
            f" the limits are {MAX_NODES} and {MAX_EDGES}"
        )
    return Scene(
        spatial_dims=new.spatial_dims,
        title=f"{printable(before.name)} {TO} {printable(after.name)}",
        subtitle=_subtitle(found),
        rows=_rows(old, new),
        boxes=tuple(sorted([*boxes, *_ends(old, new, boxes)], key=lambda box: box.id)),
        links=tuple(sorted(links, key=lambda link: (link.source, link.target))),
        clusters=_cells(old, new, old_id),
        compares=True,
    )


def _names_before(old: Architecture, new: Architecture) -> Callable[[str], str]:
    """Return the name of the box of each node of the first architecture."""
    level_of = {node.id: node.level for node in new.nodes}
    apart = {node.id for node in old.nodes if level_of.get(node.id, node.level) != node.level}
    both = nx.DiGraph((edge.source, edge.target) for a in (old, new) for edge in a.edges)
    # Without the nodes of cycles there is none: one copy has the old edges, one the new ones.
    cycles = (part for part in nx.strongly_connected_components(both) if len(part) > 1)
    apart |= set().union(*cycles) & level_of.keys() & {node.id for node in old.nodes}
    return lambda name: name + BEFORE if name in apart else name


def _boxes(
    old: Architecture, new: Architecture, old_id: Callable[[str], str], parts: Parts
) -> list[Box]:
    was = {old_id(node.id): replace(box_of(old, node), id=old_id(node.id)) for node in old.nodes}
    now = {node.id: box_of(new, node) for node in new.nodes}
    changes = {part.id: part.changes for part in parts.changed}
    boxes = [_only(box, "removed") for name, box in was.items() if name not in now]
    boxes += [_only(box, "added") for name, box in now.items() if name not in was]
    for name in was.keys() & now.keys():
        told = changes.get(name)
        boxes.append(_changed(was[name], now[name], told) if told else now[name])
    return boxes


def _changed(before: Box, after: Box, changes: Sequence[Change]) -> Box:
    """Return a box that shows both; what drawings leave out, where nothing else differs."""
    was, lines = before.lines, after.lines
    if was == lines:
        was = tuple(_half(change, change.before) for change in changes)
        lines = tuple(_half(change, change.after) for change in changes)
    return replace(
        after,
        mark="changed",
        was=was or NO_OPS,
        lines=lines or NO_OPS,
        note=f"{before.note} {TO} {after.note}",
    )


def _half(change: Change, value: str) -> str:
    return _brief(value if change.what == "ops" else f"{change.what} {value}")


def _links(
    old: Architecture, new: Architecture, old_id: Callable[[str], str], parts: Parts
) -> list[Link]:
    was = {}
    for link in _links_of(old):
        moved = replace(link, source=old_id(link.source), target=old_id(link.target))
        was[moved.source, moved.target] = moved
    now = {(link.source, link.target): link for link in _links_of(new)}
    changes = {part.id: part.changes[0] for part in parts.changed}
    links = [_only(link, "removed") for ends, link in was.items() if ends not in now]
    links += [_only(link, "added") for ends, link in now.items() if ends not in was]
    for ends in was.keys() & now.keys():
        link = now[ends]
        change = changes.get(">".join(ends))
        if change is not None:
            label = f"{_brief(change.before)}{THEN}{TO} {_brief(change.after)}"
            note = f"{was[ends].note} {TO} {link.note}"
            link = replace(link, mark="changed", label=label, note=note)
        links.append(link)
    return links


def _brief(text: str) -> str:
    return shortened(spelled(text), BRIEF_SIZE, BRIEF_WIDTH)


def _links_of(a: Architecture) -> Iterator[Link]:
    levels = {INPUT: 0, OUTPUT: 0} | {node.id: node.level for node in a.nodes}
    return (link_of(edge, levels) for edge in a.edges)


def _only(part: Part, mark: Mark) -> Part:
    return replace(part, mark=mark, note=f"{part.note}; {WORDS[mark]}")


def _cells(
    old: Architecture, new: Architecture, old_id: Callable[[str], str]
) -> tuple[Cluster, ...]:
    """Return the cells of both; those that both have hold the nodes of both."""
    found = {cell.id: cell for cell in cells_of(new.nodes)}
    for cell in cells_of(old.nodes):
        boxes = set(map(old_id, cell.boxes))
        if cell.id in found:
            boxes |= set(found[cell.id].boxes)
        found[cell.id] = replace(found.get(cell.id, cell), boxes=tuple(sorted(boxes)))
    return tuple(found[key] for key in sorted(found))


def _ends(old: Architecture, new: Architecture, boxes: Sequence[Box]) -> Iterator[Box]:
    """Yield input and output; the lines that differ say what they were, too."""
    for before, after in zip(ends_of(old, boxes), ends_of(new, boxes), strict=True):
        if before.lines == after.lines:
            yield after
        else:
            lines = tuple(starmap(_from_to, zip(before.lines, after.lines, strict=True)))
            yield replace(after, mark="changed", lines=lines)


def _rows(old: Architecture, new: Architecture) -> tuple[tuple[str, str], ...]:
    """Return the captions of the levels of both."""
    rows = []
    for level in range(max(old.levels, new.levels)):
        if level >= old.levels or level >= new.levels:
            only, mark = (new, WORDS["added"]) if level >= old.levels else (old, WORDS["removed"])
            width, grid = row_of(only, level)
            rows.append((width, f"{grid}, {mark}"))
        else:
            (width, grid), (new_width, new_grid) = row_of(old, level), row_of(new, level)
            rows.append((_from_to(width, new_width), _from_to(grid, new_grid)))
    return tuple(rows)


def _from_to(before: str, after: str) -> str:
    """Say both, without the word behind a number twice: `8 -> 16 channels`."""
    if before == after:
        return after
    number, _, unit = before.partition(" ")
    if number.isdigit() and after.endswith(f" {unit}"):
        before = number
    return f"{before} {TO} {after}".strip()


def _subtitle(found: Diff) -> str:
    told = [] if found.relation == "different" else [VERDICTS[found.relation]]
    for row in cost_rows(found)[:2]:
        share = f" ({row.change})" if row.change else ""
        both = row.after if row.before == row.after else f"{row.before} {TO} {row.after}"
        told.append(f"{both}{share} {row.name}")
    sizes = (spelled(spell(side.image_size)) for side in (found.before, found.after))
    return " \u00b7 ".join([*told, f"for {_from_to(*sizes)}"])
