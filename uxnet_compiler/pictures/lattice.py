"""Give every box a column and a row of its own, so that no edge runs backwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from uxnet_compiler.pictures.scene_parts import Box, Link

MANY_STAGES = 3  # per level: more are too wide a picture to leave them side by side
MOST_STACKED = 3

Place = tuple[int, int]
"""Stage, and column within the stage."""


@dataclass(frozen=True)
class Lattice:
    """Where boxes stand, in whole columns and rows.

    Attributes:
        cells: Column and row of each box; no two share both.
        stages: First and last stage of each column, from left to right.
        level_rows: First row of each level, and behind them the number of rows.
    """

    cells: dict[str, tuple[int, int]]
    stages: tuple[tuple[int, int], ...]
    level_rows: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Return the number of columns."""
        return len(self.stages)

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return self.level_rows[-1]

    @cached_property
    def in_columns(self) -> tuple[tuple[str, ...], ...]:
        """Return the boxes of each column."""
        found: list[list[str]] = [[] for _ in range(self.columns)]
        for name, (column, _) in self.cells.items():
            found[column].append(name)
        return tuple(map(tuple, found))


def arrange(boxes: Sequence[Box], links: Sequence[Link], levels: int) -> Lattice:
    """Place the boxes: stages are columns, levels are rows.

    A family that puts several nodes on one (stage, level) gets more columns for that stage: a node
    stands right of those of its own cell that it reads, and nodes of one column share the cell
    from top to bottom. A node never stands left of what it reads, whatever its stage says. Where
    stages are many, neighbours that do not read each other share a column.
    """
    by_id = {box.id: box for box in boxes}
    sources: dict[str, list[str]] = {box.id: [] for box in boxes}
    for link in links:
        sources[link.target].append(link.source)
    place: dict[str, Place] = {}
    for name in TopologicalSorter(sources).static_order():
        box = by_id[name]
        stage = max([box.stage, *(place[s][0] for s in sources[name])])
        within = [
            place[s][1] + (by_id[s].level == box.level)
            for s in sources[name]
            if place[s][0] == stage
        ]
        place[name] = (stage, max(within, default=0))
    groups = _columns(place, {name: by_id[name].level for name in place}, links, levels)
    column_of = {each: index for index, group in enumerate(groups) for each in group}
    shared: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name in sorted(place, key=lambda name: (place[name], name)):
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
        stages=tuple((group[0][0], group[-1][0]) for group in groups),
        level_rows=tuple(level_rows),
    )


def _columns(
    place: Mapping[str, Place], level_of: Mapping[str, int], links: Sequence[Link], levels: int
) -> list[list[Place]]:
    """Return the places that share a column, from left to right."""
    groups = [[each] for each in sorted(set(place.values()))]
    if len(groups) <= MANY_STAGES * (levels + 1):
        return groups
    read: dict[Place, set[Place]] = defaultdict(set)
    for link in links:
        read[place[link.target]].add(place[link.source])
    crowd: dict[Place, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for name, each in place.items():
        crowd[each][level_of[name]] += 1
    merged = groups[:1]
    for (each,) in groups[1:]:
        last = merged[-1]
        stacked = (
            sum(crowd[other].get(level, 0) for other in (*last, each)) for level in crowd[each]
        )
        ends = {each[0], last[0][0]} & {min(place.values())[0], max(place.values())[0]}
        if ends or read[each] & set(last) or max(stacked) > MOST_STACKED:
            merged.append([each])
        else:
            last.append(each)
    return merged
