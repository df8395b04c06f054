"""Choose the way of every link on the lattice: through gutters, free rows and tracks.

Between two neighbouring columns a link is one smooth curve in the gutter. A longer one has to pass
the columns between: along a row that is free there, or else along a track between two rows. Links
within a column run straight down to the next box, or in an arc on the column's left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from uxnet_compiler.pictures.lattice import Lattice
from uxnet_compiler.pictures.scene_parts import Link


@dataclass(frozen=True)
class Route:
    """The way of one link.

    Attributes:
        link: The link.
        kind: `gutter` between neighbours, `row` or `track` past other columns, `down` straight
            within a column, `arc` around boxes of a column.
        lane: Row of a `row`; number of a `track` or an `arc` among those side by side, from 0.
        gap: For a `track`: the row that it runs above.
    """

    link: Link
    kind: str
    lane: int = 0
    gap: int = 0


@dataclass
class Lanes:
    """Hand out lanes side by side, so that intervals of one lane do not overlap."""

    taken: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)

    def is_free(self, group: int, lane: int, first: int, last: int) -> bool:
        """Tell whether a lane of a group is free from `first` to `last`."""
        return all(last < start or end < first for start, end in self.taken.get((group, lane), ()))

    def first_free(self, group: int, first: int, last: int) -> int:
        """Return the lowest free lane of a group."""
        lane = 0
        while not self.is_free(group, lane, first, last):
            lane += 1
        return lane

    def take(self, group: int, lane: int, first: int, last: int) -> None:
        """Mark a lane as used from `first` to `last`."""
        self.taken.setdefault((group, lane), []).append((first, last))

    def count(self, group: int) -> int:
        """Return the number of lanes in use in a group."""
        return max((lane + 1 for at, lane in self.taken if at == group), default=0)


@dataclass(frozen=True)
class Routing:
    """The routes of all links, and how many lanes they need.

    Attributes:
        routes: In the order of the links.
        tracks: Tracks above each row, and behind them those below the last.
        arcs: Arcs left of each column.
    """

    routes: tuple[Route, ...]
    tracks: tuple[int, ...]
    arcs: tuple[int, ...]


def route(lattice: Lattice, links: Sequence[Link]) -> Routing:
    """Choose a way for every link, the short ones first."""
    full = set(lattice.cells.values())
    rows, tracks, arcs = Lanes(), Lanes(), Lanes()
    chosen: dict[Link, Route] = {}

    def span(link: Link) -> tuple[int, int, str, str]:
        (c0, r0), (c1, r1) = lattice.cells[link.source], lattice.cells[link.target]
        return c1 - c0, abs(r1 - r0), link.source, link.target

    for link in sorted(links, key=span):
        (c0, r0), (c1, r1) = lattice.cells[link.source], lattice.cells[link.target]
        if c1 == c0:
            chosen[link] = _within(link, c0, sorted((r0, r1)), full, arcs)
        elif c1 == c0 + 1:
            chosen[link] = Route(link, "gutter")
        else:
            passed = range(c0 + 1, c1)
            chosen[link] = _past(link, passed, (r0, r1), full, rows, tracks)
    return Routing(
        routes=tuple(chosen[link] for link in links),
        tracks=tuple(tracks.count(gap) for gap in range(lattice.rows + 1)),
        arcs=tuple(arcs.count(column) for column in range(lattice.columns)),
    )


def _within(
    link: Link, column: int, ends: Iterable[int], full: set[tuple[int, int]], arcs: Lanes
) -> Route:
    top, bottom = ends
    if not any((column, row) in full for row in range(top + 1, bottom)):
        return Route(link, "down")
    # An arc keeps off the ends of its neighbours by half a row, hence the doubled rows.
    first, last = 2 * top + 1, 2 * bottom - 1
    lane = arcs.first_free(column, first, last)
    arcs.take(column, lane, first, last)
    return Route(link, "arc", lane)


def _past(
    link: Link,
    passed: range,
    ends: tuple[int, int],
    full: set[tuple[int, int]],
    rows: Lanes,
    tracks: Lanes,
) -> Route:
    first, last = passed[0], passed[-1]

    def travel(height: float) -> float:
        return abs(height - ends[0]) + abs(height - ends[1])

    free = [
        row
        for row in range(min(ends), max(ends) + 1)
        if not any((column, row) in full for column in passed) and rows.is_free(row, 0, first, last)
    ]
    if free:
        row = min(free, key=lambda row: (travel(row), -abs(row - ends[0]), row))
        rows.take(row, 0, first, last)
        return Route(link, "row", row)

    def cost(gap: int) -> tuple[float, int]:
        # Links within a row arch over it, as in every drawing of a U-Net++.
        under = 0.5 if ends[0] == ends[1] < gap else 0.0
        return travel(gap - 0.5) + under + 0.1 * tracks.first_free(gap, first, last), gap

    gap = min(range(min(ends), max(ends) + 2), key=cost)
    lane = tracks.first_free(gap, first, last)
    tracks.take(gap, lane, first, last)
    return Route(link, "track", lane, gap)
