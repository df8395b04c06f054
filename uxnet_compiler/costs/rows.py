"""Put the parts of one network, or of two side by side, into rows: the most expensive first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from uxnet_compiler.costs.count import Costs, PartCosts

SMALLEST_SHARE = 0.01
MOST_ROWS = 40


@dataclass(frozen=True)
class Row:
    """The costs of one part in each network, or of all small parts together.

    Attributes:
        label: Name of the part, or how many are together here.
        kind: `node`, `edge`, `other`, or `rest` for the small ones.
        parts: Per network; `None` where it has no such part.
    """

    label: str
    kind: str
    parts: tuple[PartCosts | None, ...]


def ranked(costs: Sequence[Costs]) -> list[Row]:
    """Return the parts that matter, the most expensive first, and the others as one last row.

    They are sorted by time where it was measured, else by multiply-accumulates. A part matters
    when it takes `SMALLEST_SHARE` of that, or without times of the memory, in one network; at
    most `MOST_ROWS` do. Parts without any cost are left out.
    """
    tables = [{part.id: part for part in each.parts} for each in costs]
    names = list(dict.fromkeys(name for table in tables for name in table))
    rows = [
        (_shares(row, costs), row)
        for row in (_row(name, tables) for name in names)
        if any(part is not None and part.num_bytes for part in row.parts)
    ]
    rows.sort(key=lambda pair: pair[0], reverse=True)  # equals stay in the document's order
    kept = [row for shares, row in rows if max(shares) >= SMALLEST_SHARE][:MOST_ROWS]
    small = [row for _, row in rows if row not in kept]
    if len(small) == 1:
        return [*kept, *small]
    return [*kept, _together(small)] if small else kept


def _row(name: str, tables: Sequence[dict[str, PartCosts]]) -> Row:
    parts = tuple(table.get(name) for table in tables)
    return Row(name, next(part.kind for part in parts if part is not None), parts)


def _shares(row: Row, costs: Sequence[Costs]) -> tuple[float, float]:
    """Return the largest share of time or operations in a network, and that of memory."""
    first, second = 0.0, 0.0
    for part, each in zip(row.parts, costs, strict=True):
        if part is None:
            continue
        if part.ms is not None:
            first = max(first, part.ms / sum(p.ms or 0.0 for p in each.parts))
        else:
            first = max(first, part.macs / max(each.macs, 1))
            second = max(second, part.num_bytes / each.map_bytes)
    return first, second


def _together(rows: Sequence[Row]) -> Row:
    columns = zip(*(row.parts for row in rows), strict=True)
    label = f"{len(rows)} smaller ones"
    return Row(label, "rest", tuple(_sum(label, column) for column in columns))


def _sum(label: str, parts: Sequence[PartCosts | None]) -> PartCosts | None:
    there = [part for part in parts if part is not None]
    if not there:
        return None
    times = [part.ms for part in there if part.ms is not None]
    return PartCosts(
        id=label,
        kind="other",
        params=sum(part.params for part in there),
        macs=sum(part.macs for part in there),
        num_bytes=sum(part.num_bytes for part in there),
        ms=sum(times) if times else None,
    )
