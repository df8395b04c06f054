"""A network as a graph of primitive ops: a typed skin over `networkx.DiGraph`."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import networkx as nx

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ir.weights import Stored, Weight
from uxnet_compiler.ops import Op, TensorType


@dataclass(frozen=True)
class Value:
    """One op of a network and the feature map that it makes.

    Attributes:
        id: Name; trained weights are stored under it.
        op: The op with its attributes, channels written out.
        inputs: Ids of the maps it reads, in order.
        type: Channels and grid of the map it makes.
        weights: How its tensors are made of the stored ones, for those that are not simply
            stored under its own name.
    """

    id: str
    op: Op
    inputs: tuple[str, ...]
    type: TensorType
    weights: Mapping[str, Weight] = field(default_factory=dict)

    def weight(self, name: str) -> Weight:
        """Return how the tensor of that name (`weight`, `bias`) is made."""
        return self.weights.get(name, Stored(f"{self.id}.{name}"))


New = tuple[str, Op, tuple[str, ...], Mapping[str, Weight]]
"""A value to be: name, op, inputs, and weights that are not stored under its own name."""


class Graph:
    """Hold values in a directed acyclic graph; every value is typed when it is added.

    A graph has one input and one or more outputs (`output` ops); the first output is the main
    one.

    Attributes:
        unverified: Names of the values that are new or read something else since `verify` last
            went through; all others are as they were.
    """

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._edges: nx.DiGraph[str] = nx.DiGraph()  # from what is read to who reads it
        self.unverified: set[str] = set()
        self._rank: dict[str, int] = {}
        self._order: tuple[Value, ...] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> Value:
        """Return the value of that name."""
        return self._values[name]

    def add(
        self,
        name: str,
        op: Op,
        inputs: tuple[str, ...] = (),
        weights: Mapping[str, Weight] | None = None,
    ) -> str:
        """Add a value and return its name.

        Raises:
            GraphError: The name is taken, an input is missing, or the op cannot take the inputs.
        """
        if name in self._values:
            raise GraphError(f"{name}: there is a value of that name already")
        self._check_inputs(name, op, inputs)
        try:
            made = op.infer(tuple(self[source].type for source in inputs))
        except GraphError as error:
            raise GraphError(f"{name}: {op.op}: {error}") from None
        self._values[name] = Value(name, op, inputs, made, dict(weights or {}))
        self._edges.add_node(name)
        self._edges.add_edges_from((source, name) for source in inputs)
        self.unverified.add(name)
        self._order = None
        return name

    def _check_inputs(self, name: str, op: Op, inputs: tuple[str, ...]) -> None:
        for source in inputs:
            if source not in self._values:
                raise GraphError(f"{name}: reads {source!r}, which does not exist")
        if (len(inputs) != op.arity) if op.arity is not None else not inputs:
            wanted = "one or more" if op.arity is None else op.arity
            raise GraphError(f"{name}: {op.op} takes {wanted} inputs, not {len(inputs)}")
        for source in inputs:
            if op.axes not in {None, self[source].type.spatial_dims}:
                raise GraphError(f"{name}: {op.op} speaks of {op.axes} axes, {source} has others")

    def values(self) -> Iterator[Value]:
        """Yield the values, sources first: as scheduled, else in an order of names alone.

        Raises:
            GraphError: Values read each other in a circle.
        """
        if self._order is None:
            order = tuple(self._values[name] for name in self._sorted())
            if len(order) < len(self):
                circle = [source for source, _ in nx.find_cycle(self._edges)]
                raise GraphError(f"a circle: {' > '.join([*circle, circle[0]])}")
            self._order = order
        return iter(self._order)

    def _sorted(self) -> Iterator[str]:
        """Sort topologically, and by rank and name among those that could come next.

        As networkx.lexicographical_topological_sort does, in a third of its time: every pass that
        finds something makes the order new.
        """
        missing: dict[str, int] = dict(self._edges.in_degree())
        last = len(self._rank)
        ready = [(self._rank.get(name, last), name) for name, n in missing.items() if n == 0]
        heapq.heapify(ready)
        while ready:
            _, name = heapq.heappop(ready)
            yield name
            for reader in self._edges.successors(name):
                missing[reader] -= 1
                if missing[reader] == 0:
                    heapq.heappush(ready, (self._rank.get(reader, last), reader))

    @property
    def scheduled(self) -> bool:
        """Say whether an order was set."""
        return bool(self._rank)

    def schedule(self, names: Sequence[str]) -> None:
        """Set the order in which the values are computed; new ones come as late as they can.

        Raises:
            GraphError: Not every value is named once, or a reader comes before what it reads.
        """
        rank = {name: index for index, name in enumerate(names)}
        if rank.keys() != self._values.keys() or len(names) != len(rank):
            raise GraphError("a schedule names every value once")
        for source, reader in self._edges.edges():
            if rank[source] > rank[reader]:
                raise GraphError(f"{reader} is scheduled before {source}, which it reads")
        self._rank, self._order = rank, None

    def readers(self, name: str) -> list[str]:
        """Return the names of the values that read this one, sorted."""
        return sorted(self._edges.successors(name))

    def outputs(self) -> list[Value]:
        """Return the output values, the main one first."""
        found = [v for v in self.values() if v.op.kind == "output"]
        return sorted(found, key=lambda v: (v.id != "output", v.type.scale, v.id))

    def input(self) -> Value:
        """Return the one input value."""
        (found,) = (v for v in self.values() if v.op.kind == "input")
        return found

    def redirect(self, old: str, new: str) -> None:
        """Make every reader of `old` read `new`, which must have the same type.

        Raises:
            GraphError: The types differ.
        """
        if self[old].type != self[new].type:
            raise GraphError(f"{new} ({self[new].type}) cannot stand for {old} ({self[old].type})")
        for reader in self.readers(old):
            self._reread(self[reader], old, new)
        self._order = None

    def _reread(self, reader: Value, old: str, new: str) -> None:
        inputs = tuple(new if source == old else source for source in reader.inputs)
        self._values[reader.id] = replace(reader, inputs=inputs)
        self.unverified.add(reader.id)
        if self._edges.has_edge(old, reader.id):
            self._edges.remove_edge(old, reader.id)
        self._edges.add_edge(new, reader.id)

    def _drop(self, name: str) -> None:
        del self._values[name]
        self._edges.remove_node(name)
        self.unverified.discard(name)

    def replace(self, gone: Sequence[str], made: Sequence[New], result: str | None = None) -> None:
        """Put values in the place of others; names may be used again.

        The readers of the last value of `gone` read `result` from then on, by default the last
        value of `made`. The others of `gone` must be read within `gone` alone.

        Raises:
            GraphError: Somebody else reads what goes, the types differ, or a new value is wrong.
        """
        old = self[gone[-1]]
        inside = set(gone)
        for name in gone[:-1]:
            strangers = [reader for reader in self.readers(name) if reader not in inside]
            if strangers:
                raise GraphError(f"{name} cannot go: {', '.join(strangers)} read it")
        readers = [self[reader] for reader in self.readers(old.id)]
        ranks = [self._rank[name] for name in gone if name in self._rank]
        for name in gone:
            self._drop(name)
        for name, op, inputs, weights in made:
            self.add(name, op, inputs, weights)
            if ranks:
                self._rank[name] = max(ranks)
        result = result or made[-1][0]
        if self[result].type != old.type:
            raise GraphError(
                f"{result} ({self[result].type}) cannot stand for {old.id} ({old.type})"
            )
        for reader in readers:
            self._reread(reader, old.id, result)
        self._order = None

    def remove(self, name: str) -> None:
        """Remove a value that nobody reads.

        Raises:
            GraphError: Somebody reads it.
        """
        readers = self.readers(name)
        if readers:
            raise GraphError(f"{name} cannot go: {', '.join(readers)} read it")
        self._drop(name)
        self._order = None

    def reachable(self) -> set[str]:
        """Return the names from which an output can be reached."""
        ends = [value.id for value in self._values.values() if value.op.kind == "output"]
        return set(ends).union(*(nx.ancestors(self._edges, end) for end in ends))

    def copy(self) -> Graph:
        """Return an independent graph of the same values."""
        twin = Graph()
        twin._values = dict(self._values)
        # Nodes and edges alone: DiGraph.copy would copy their empty attributes, five times slower.
        twin._edges.add_nodes_from(self._edges)
        twin._edges.add_edges_from(self._edges.edges())
        twin.unverified = set(self.unverified)
        twin._rank = dict(self._rank)
        twin._order = self._order
        return twin
