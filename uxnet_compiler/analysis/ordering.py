"""In which order to compute values so that few bytes are alive at once.

Orders are searched between bottlenecks: values that all others come before or after. Nothing can
be moved across one, so a network falls into many short parts, each with its own best order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from uxnet_compiler.analysis.liveness import in_place, map_bytes, unit_image
from uxnet_compiler.analysis.ordering_search import Part, search
from uxnet_compiler.ir import Graph, Value

LONGEST = 2000
"""A part with more values stays as it is: the search takes the square of its length."""


@dataclass(frozen=True)
class Ordering:
    """An order of all values.

    Attributes:
        names: The values in that order.
        num_bytes: Its peak, for the smallest image that the network takes.
        present: The peak of the order that the graph has now.
        left: The first value of each part that was too long to search.
    """

    names: tuple[str, ...]
    num_bytes: int
    present: int
    left: tuple[str, ...]


def best_order(graph: Graph, width: int) -> Ordering:
    """Return the order with the smallest peak of all that were looked at.

    Peaks are those of `peak`. It is the best of all orders where the parts are small, and else
    that of a beam search.

    Args:
        graph: A network.
        width: Number of partial orders that the beam search goes on with.
    """
    parts = _Parts(graph)
    bound = max(parts.floors)
    left = []
    # The hardest first: its peak is free to use for all others.
    for index in sorted(range(len(parts.spans)), key=lambda i: (-parts.floors[i], i)):
        present = parts.peaks[index]
        if present > bound:
            names = parts.names(index)
            if len(names) > LONGEST:
                left.append(names[0])
            else:
                found, order = search(parts.part(index), bound, width)
                if found < present:
                    parts.reorder(index, order)
                    present = found
        bound = max(bound, present)
    return Ordering(parts.order(), bound, max(parts.peaks), tuple(left))


class _Parts:
    """The parts between bottlenecks, with what the present order needs in each.

    Outputs take no room and are left out: each comes right behind what it reads.

    Attributes:
        spans: Where each part begins and ends in the present order.
        peaks: The peak of the present order in each part.
        floors: What every order needs at least in each part.
    """

    def __init__(self, graph: Graph) -> None:
        size = unit_image(graph)
        self._values = [value for value in graph.values() if value.op.kind != "output"]
        self._names = [value.id for value in self._values]
        self._bytes = {value.id: map_bytes(value, size) for value in self._values}
        self._overwriting = in_place(graph)
        self._outputs: dict[str, list[str]] = {}
        for value in graph.outputs():
            self._outputs.setdefault(value.inputs[0], []).append(value.id)
        self._readers: dict[str, list[str]] = {name: [] for name in self._names}
        for value in self._values:
            for source in dict.fromkeys(value.inputs):
                self._readers[source].append(value.id)
        self.spans = self._cut()
        self._part_of = {
            name: index for index, (a, b) in enumerate(self.spans) for name in self._names[a:b]
        }
        self._last_part = {name: self._last_part_of(name) for name in self._names}
        self._before: list[int] = []
        self.peaks: list[int] = []
        self._walk()
        self.floors = self._floors()

    def _cut(self) -> list[tuple[int, int]]:
        """Cut behind every value that all others come before or after, in any order."""
        at = {name: index for index, name in enumerate(self._names)}
        end = len(self._names)
        # All earlier values lead to a value if each is read there or earlier ...
        first_read = [min((at[r] for r in self._readers[n]), default=end) for n in self._names]
        met = list(accumulate(first_read, max, initial=0))
        # ... and all later ones come from it if each reads it or a later one.
        last_input = [max((at[s] for s in v.inputs), default=-1) for v in self._values]
        left = list(accumulate(reversed(last_input), min, initial=end))[::-1]
        cuts = [i + 1 for i in range(end) if met[i] <= i <= left[i + 1]]
        bounds = sorted({0, *cuts, end})
        return list(pairwise(bounds))

    def _last_part_of(self, name: str) -> int:
        """Return the last part that a map is needed in; results are needed behind all parts."""
        if name in self._outputs:
            return len(self.spans)
        return max((self._part_of[r] for r in self._readers[name]), default=self._part_of[name])

    def _walk(self) -> None:
        """Go through the present order: bytes alive before each part, and the peak in it."""
        unread = {name: len(readers) for name, readers in self._readers.items()}
        live = 0
        for a, b in self.spans:
            self._before.append(live)
            highest = 0
            for value in self._values[a:b]:
                live += self._bytes[value.id]
                highest = max(highest, live - self._overwritten(value))
                for source in set(value.inputs):
                    unread[source] -= 1
                for name in {*value.inputs, value.id}:
                    if unread[name] == 0 and name not in self._outputs:
                        live -= self._bytes[name]
            self.peaks.append(highest)

    def _overwritten(self, value: Value) -> int:
        return self._bytes[value.inputs[0]] if value.id in self._overwriting else 0

    def _floors(self) -> list[int]:
        """Return for each part the most that one of its values needs by itself.

        That is its inputs and its result, beside the maps that pass the part by.
        """
        steps = [0] * (len(self.spans) + 2)
        for name in self._names:
            first, last = self._part_of[name] + 1, self._last_part[name]
            if first < last:
                steps[first] += self._bytes[name]
                steps[last] -= self._bytes[name]
        passing = list(accumulate(steps))
        floors = [0] * len(self.spans)
        for value in self._values:
            part = self._part_of[value.id]
            needed = passing[part] + self._bytes[value.id] - self._overwritten(value)
            for source in set(value.inputs):
                if not self._part_of[source] < part < self._last_part[source]:
                    needed += self._bytes[source]
            floors[part] = max(floors[part], needed)
        return floors

    def names(self, index: int) -> Sequence[str]:
        """Return the names of a part in their order."""
        a, b = self.spans[index]
        return self._names[a:b]

    def part(self, index: int) -> Part:
        """Return a part as the search takes it, in an order of names alone."""
        a, b = self.spans[index]
        values = sorted(self._values[a:b], key=lambda value: value.id)
        bit = {value.id: 1 << i for i, value in enumerate(values)}
        dying = []
        for value in values:
            ends = [s for s in dict.fromkeys(value.inputs) if self._last_part[s] == index]
            mine = [
                (self._bytes[s], sum(bit[r] for r in self._readers[s] if r in bit)) for s in ends
            ]
            if not self._readers[value.id] and value.id not in self._outputs:
                mine.append((self._bytes[value.id], 0))
            dying.append(tuple(mine))
        return Part(
            names=tuple(value.id for value in values),
            made=tuple(self._bytes[value.id] for value in values),
            overwritten=tuple(self._overwritten(value) for value in values),
            needs=tuple(sum(bit.get(s, 0) for s in set(value.inputs)) for value in values),
            dying=tuple(dying),
            before=self._before[index],
        )

    def reorder(self, index: int, names: Sequence[str]) -> None:
        """Put the values of a part in another order."""
        a, b = self.spans[index]
        self._names[a:b] = names

    def order(self) -> tuple[str, ...]:
        """Return all names, each followed by the outputs that read it."""
        return tuple(n for name in self._names for n in (name, *self._outputs.get(name, ())))
