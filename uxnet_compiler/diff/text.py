"""A difference as lines of text, for a terminal or a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from uxnet_compiler.diff.model import Diff, Parts
from uxnet_compiler.diff.words import VERDICTS, cost_rows, sizes, spell_change
from uxnet_compiler.wording import one_line

Kind = Literal["removed", "added", "changed", "head", "plain", "aside"]


@dataclass(frozen=True)
class Line:
    """A line, and what it is, so that a terminal can colour it."""

    text: str
    kind: Kind = "plain"


def to_lines(found: Diff, before: str, after: str) -> Iterator[Line]:
    """Tell a difference line by line.

    Args:
        found: What differs.
        before: What to call the first: a file, usually.
        after: What to call the second.
    """
    yield Line(f"- {one_line(before)}  {found.before.id[:12]}", "removed")
    yield Line(f"+ {one_line(after)}  {found.after.id[:12]}", "added")
    yield Line(VERDICTS[found.relation], "head")
    if found.frame:
        yield from _head("frame")
        for change in found.frame:
            yield Line(f"  ~ {change.what}: {change.before} -> {change.after}", "changed")
    yield from _parts("nodes", found.nodes)
    yield from _parts("edges", found.edges)
    if found.relation != "same":
        yield from _head(f"cost for one image of {sizes(found)}")
        for row in cost_rows(found):
            share = f"  ({row.change})" if row.change else ""
            yield Line(f"  {row.name}: {row.before} -> {row.after}{share}")
    if found.apart:
        yield Line("")
        parts = ", ".join(found.apart)
        yield Line(f"not part of the architecture, but differing: {parts}", "aside")


def _head(text: str) -> Iterator[Line]:
    yield Line("")
    yield Line(text, "head")


def _parts(title: str, parts: Parts) -> Iterator[Line]:
    if not parts:
        return
    yield from _head(title)
    for part in parts.removed:
        yield Line(f"  - {part.id}  {part.does}", "removed")
    for part in parts.added:
        yield Line(f"  + {part.id}  {part.does}", "added")
    for changed in parts.changed:
        changes = "; ".join(map(spell_change, changed.changes))
        yield Line(f"  ~ {changed.id}  {changes}", "changed")
