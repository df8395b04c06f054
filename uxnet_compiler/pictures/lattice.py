"""Give every box a column and a row of its own, so that no edge runs backwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from uxnet_compiler.pictures.scene import Box, Link


@dataclass(frozen=True)
class Lattice:
    """Where boxes stand, in whole columns and rows.

    Attributes:
        cells: Column and row of each box; no two share both.
        stages: Stage of each column, from left to right.
        level_rows: First row of each level, and behind them the number of rows.
    """

    cells: dict[str, tuple[int, int]]
    stages: tuple[int, ...]
    level_rows: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Return the number of columns."""
        return len(self.stages)

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return self.level_rows[-1]


def arrange(boxes: Sequence[Box], links: Sequence[Link], levels: int) -> Lattice:
    """Place the boxes: stages are columns, levels are rows.

    A family that puts several nodes on one (stage, level) gets more columns for that stage: a node
    stands right of those of its own cell that it reads, and nodes of one column share the cell
    from top to bottom. A node never stands left of what it reads, whatever its stage says.
    """
    by_id = {box.id: box for box in boxes}
    sources: dict[str, list[str]] = {box.id: [] for box in boxes}
    for link in links:
        sources[link.target].append(link.source)
    place: dict[str, tuple[int, int]] = {}  # stage, column within the stage
    for name in TopologicalSorter(sources).static_order():
        box = by_id[name]
        stage = max([box.stage, *(place[s][0] for s in sources[name])])
        within = [
            place[s][1] + (by_id[s].level == box.level)
            for s in sources[name]
            if place[s][0] == stage
        ]
        place[name] = (stage, max(within, default=0))
    column_of = {key: index for index, key in enumerate(sorted(set(place.values())))}
    shared: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name in sorted(place):
        shared[column_of[place[name]], by_id[name].level].append(name)
    heights = [
        max((len(names) for (_, at), names in shared.items() if at == level), default=1)
        for level in range(levels)
    ]
    level_rows = [sum(heights[:level]) for level in range(levels + 1)]
    return Lattice(
        cells={
            name: (column, level_rows[level] + index)
            for (column, level), names in shared.items()
            for index, name in enumerate(names)
        },
        stages=tuple(stage for stage, _ in column_of),
        level_rows=tuple(level_rows),
    )
