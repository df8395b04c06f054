"""A difference as markdown, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from uxnet_compiler.diff.model import Diff, Parts, Side
from uxnet_compiler.diff.words import VERDICTS, cost_rows, sizes, spell_change
from uxnet_compiler.wording import one_line


def to_markdown(found: Diff) -> str:
    """Tell a difference: what it comes to, the costs as a table, the parts folded away.

    Names are shown as code, from which no markup, link or mention can break out.
    """
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Diff) -> Iterator[str]:
    verdict = VERDICTS[found.relation]
    yield f"**{verdict[0].upper()}{verdict[1:]}**"
    yield ""
    yield f"- before: {_side(found.before)}"
    yield f"- after: {_side(found.after)}"
    if found.relation != "same":
        yield from _costs(found)
    if found.frame:
        yield from ("", "| frame | before | after |", "|---|---|---|")
        for change in found.frame:
            yield f"| {change.what} | {change.before} | {change.after} |"
    yield from _parts("nodes", found.nodes)
    yield from _parts("edges", found.edges)
    if found.apart:
        yield ""
        yield f"Not part of the architecture, but differing: {', '.join(found.apart)}."


def _side(side: Side) -> str:
    return f"{as_code(side.name)}, id `{side.id[:12]}`"


def _costs(found: Diff) -> Iterator[str]:
    yield from ("", f"| for one image of {sizes(found)} | before | after | change |")
    yield "|---|---:|---:|---:|"
    for row in cost_rows(found):
        yield f"| {row.name} | {row.before} | {row.after} | {row.change} |"


def _parts(title: str, parts: Parts) -> Iterator[str]:
    if not parts:
        return
    told = f"{len(parts.removed)} removed, {len(parts.added)} added, {len(parts.changed)} changed"
    yield from ("", f"<details><summary>{title}: {told}</summary>", "")
    for part in parts.removed:
        yield f"- removed {as_code(part.id)}: {as_code(part.does)}"
    for part in parts.added:
        yield f"- added {as_code(part.id)}: {as_code(part.does)}"
    for changed in parts.changed:
        changes = "; ".join(as_code(spell_change(change)) for change in changed.changes)
        yield f"- changed {as_code(changed.id)}: {changes}"
    yield from ("", "</details>")


def as_code(text: str) -> str:
    """Return a code span, fenced by more backticks than the text has in a row.

    Source:
        CommonMark 0.31, section 6.1.
    """
    plain = one_line(text).strip() or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
