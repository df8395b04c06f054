"""A network as a graph of primitive ops: a typed skin over `networkx.DiGraph`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import networkx as nx

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops import Op, TensorType


@dataclass(frozen=True)
class Value:
    """One op of a network and the feature map that it makes.

    Attributes:
        id: Name; trained weights are stored under it.
        op: The op with its attributes, channels written out.
        inputs: Ids of the maps it reads, in order.
        type: Channels and grid of the map it makes.
    """

    id: str
    op: Op
    inputs: tuple[str, ...]
    type: TensorType


class Graph:
    """Hold values in a directed acyclic graph; every value is typed when it is added.

    A graph has one input and one or more outputs (`output` ops); the first output is the main
    one.
    """

    def __init__(self) -> None:
        self._nx: nx.DiGraph[str] = nx.DiGraph()

    def __contains__(self, name: str) -> bool:
        return name in self._nx

    def __len__(self) -> int:
        return len(self._nx)

    def __getitem__(self, name: str) -> Value:
        """Return the value of that name."""
        value: Value = self._nx.nodes[name]["value"]
        return value

    def add(self, name: str, op: Op, inputs: tuple[str, ...] = ()) -> str:
        """Add a value and return its name.

        Raises:
            GraphError: The name is taken, an input is missing, or the op cannot take the inputs.
        """
        if name in self._nx:
            raise GraphError(f"{name}: there is a value of that name already")
        self._check_inputs(name, op, inputs)
        try:
            made = op.infer(tuple(self[source].type for source in inputs))
        except GraphError as error:
            raise GraphError(f"{name}: {op.op}: {error}") from None
        self._nx.add_node(name, value=Value(name, op, inputs, made))
        self._nx.add_edges_from((source, name) for source in inputs)
        return name

    def _check_inputs(self, name: str, op: Op, inputs: tuple[str, ...]) -> None:
        for source in inputs:
            if source not in self._nx:
                raise GraphError(f"{name}: reads {source!r}, which does not exist")
        if (len(inputs) != op.arity) if op.arity is not None else not inputs:
            wanted = "one or more" if op.arity is None else op.arity
            raise GraphError(f"{name}: {op.op} takes {wanted} inputs, not {len(inputs)}")
        for source in inputs:
            if op.axes not in {None, self[source].type.spatial_dims}:
                raise GraphError(f"{name}: {op.op} speaks of {op.axes} axes, {source} has others")

    def values(self) -> Iterator[Value]:
        """Yield the values, sources first, in one order that depends on names alone."""
        for name in nx.lexicographical_topological_sort(self._nx):
            yield self[name]

    def readers(self, name: str) -> list[str]:
        """Return the names of the values that read this one, sorted."""
        return sorted(self._nx.successors(name))

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
            value = self[reader]
            inputs = tuple(new if source == old else source for source in value.inputs)
            self._nx.nodes[reader]["value"] = replace(value, inputs=inputs)
            self._nx.remove_edge(old, reader)
            self._nx.add_edge(new, reader)

    def remove(self, name: str) -> None:
        """Remove a value that nobody reads.

        Raises:
            GraphError: Somebody reads it.
        """
        readers = self.readers(name)
        if readers:
            raise GraphError(f"{name} cannot go: {', '.join(readers)} read it")
        self._nx.remove_node(name)

    def reachable(self) -> set[str]:
        """Return the names from which an output can be reached."""
        kept: set[str] = set()
        for value in self.outputs():
            kept |= {value.id} | nx.ancestors(self._nx, value.id)
        return kept

    def copy(self) -> Graph:
        """Return an independent graph of the same values."""
        twin = Graph()
        twin._nx = self._nx.copy()
        return twin
