"""Search the order of a few values that keeps the fewest bytes alive."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

STATES = 4000
"""Sets of computed values that the exact search looks at before it leaves it to the beam search."""

_Path = tuple["_Path", int] | tuple[()]
"""The values computed so far: all but the last, and the last."""


@dataclass(frozen=True)
class Part:
    """Values to put in order. Sets of them are the bits of a number: the first is bit 0.

    Attributes:
        names: The values.
        made: Bytes that each one's result takes.
        overwritten: Bytes of the input whose room it uses.
        needs: The values that each one reads.
        dying: The maps that nobody needs any more once some values are computed, for each of
            those values: bytes, and all values that have to be computed.
        before: Bytes alive before the first.
    """

    names: tuple[str, ...]
    made: tuple[int, ...]
    overwritten: tuple[int, ...]
    needs: tuple[int, ...]
    dying: tuple[tuple[tuple[int, int], ...], ...]
    before: int

    def step(self, done: int, live: int, index: int) -> tuple[int, int]:
        """Return the bytes alive while a value is computed, and after it."""
        now = live + self.made[index]
        done |= 1 << index
        after = now - sum(size for size, readers in self.dying[index] if not readers & ~done)
        return now - self.overwritten[index], after


@dataclass(frozen=True)
class _State:
    """What is computed, and what it took.

    The bytes alive depend on the set alone, so of two ways to the same set the one with the
    lower peak is as good or better whatever follows.
    """

    peak: int
    done: int
    live: int
    ready: tuple[int, ...]
    path: _Path


class _Search:
    def __init__(self, part: Part) -> None:
        self.part = part
        self.all = (1 << len(part.names)) - 1
        self.readers: list[list[int]] = [[] for _ in part.names]
        for index, needs in enumerate(part.needs):
            for source in _bits(needs):
                self.readers[source].append(index)

    def start(self, floor: int) -> _State:
        ready = tuple(index for index, needs in enumerate(self.part.needs) if not needs)
        return _State(floor, 0, self.part.before, ready, ())

    def next(self, state: _State) -> Iterator[_State]:
        """Yield what can come next.

        A value that leaves no more alive than before and raises no peak may always come first:
        whatever else comes next has as much room after it.
        """
        moves = []
        for index in state.ready:
            during, after = self.part.step(state.done, state.live, index)
            if after <= state.live and during <= state.peak:
                moves = [(index, during, after)]
                break
            moves.append((index, during, after))
        for index, during, after in moves:
            done = state.done | 1 << index
            ready = [other for other in state.ready if other != index]
            ready += [r for r in self.readers[index] if not self.part.needs[r] & ~done]
            peak = max(state.peak, during)
            yield _State(peak, done, after, tuple(sorted(ready)), (state.path, index))

    def exact(self, floor: int) -> _State | None:
        """Return a best order, or nothing if there are too many sets to look at."""
        ties = count()
        start = self.start(floor)
        # Longer ones first among equals: with the floor never exceeded this goes straight on.
        waiting = [(start.peak, 0, next(ties), start)]
        seen: set[int] = set()
        while waiting:
            _, length, _, state = heapq.heappop(waiting)
            if state.done == self.all:
                return state
            if state.done in seen:
                continue
            seen.add(state.done)
            if len(seen) > STATES:
                break
            for after in self.next(state):
                if after.done not in seen:
                    heapq.heappush(waiting, (after.peak, length - 1, next(ties), after))
        return None

    def beam(self, floor: int, width: int) -> _State:
        """Return the best order that a beam search finds."""
        states = [self.start(floor)]
        for _ in self.part.names:
            best: dict[int, _State] = {}
            for state in states:
                for after in self.next(state):
                    if after.done not in best or after.peak < best[after.done].peak:
                        best[after.done] = after
            states = heapq.nsmallest(width, best.values(), key=lambda s: (s.peak, s.live, s.done))
        return states[0]


def search(part: Part, floor: int, width: int) -> tuple[int, list[str]]:
    """Return the smallest peak found, or `floor` if that is larger, and the names in that order.

    Args:
        part: What to put in order.
        floor: A peak that does not matter: other parts need as much.
        width: Number of partial orders that the beam search goes on with, where there are too
            many to look at all.
    """
    work = _Search(part)
    found = work.exact(floor) or work.beam(floor, width)
    names = []
    path = found.path
    while path:
        path, index = path
        names.append(part.names[index])
    return found.peak, names[::-1]


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
