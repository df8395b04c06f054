"""What each slot of a space costs with each of its candidates, from the op table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uxnet_compiler.analysis.liveness import FLOAT_BYTES
from uxnet_compiler.ops import Concat, LayerOp, Op, Resized, Scale, Sum, TensorType
from uxnet_compiler.ops.base import voxels
from uxnet_compiler.schema import INPUT, OUTPUT
from uxnet_compiler.spaces import Slot, Space

if TYPE_CHECKING:
    from uxnet_compiler.costs.latency import Latencies

FIXED = ""
"""Stands for the candidate of a slot that has nothing to choose."""

GATE = Scale(factor=1.0)
"""Stands for the gate of an edge, whatever its strength."""

_OVERWRITERS = {"relu", "leaky_relu"}


@dataclass(frozen=True)
class Price:
    """The costs of the ops of one slot for one image.

    Attributes:
        params: Trained numbers.
        macs: Multiply-accumulates.
        map_bytes: Bytes of all maps that its ops make, in float32.
        peak_bytes: Most bytes alive at once while they run, their input included.
        ms: Milliseconds; 0 when nothing was measured.
    """

    params: int = 0
    macs: int = 0
    map_bytes: int = 0
    peak_bytes: int = 0
    ms: float = 0.0

    def __add__(self, other: Price) -> Price:
        """Return the costs of both, one after the other."""
        return Price(
            self.params + other.params,
            self.macs + other.macs,
            self.map_bytes + other.map_bytes,
            max(self.peak_bytes, other.peak_bytes),
            self.ms + other.ms,
        )


Prices = Mapping[str, Mapping[str, Price]]
"""Price by candidate, for each node by its id and each edge by its key."""


def slot_prices(
    space: Space,
    size: tuple[int, ...],
    latencies: Latencies | None = None,
    *,
    soft: bool = False,
) -> Prices:
    """Return the price of every candidate of every slot for an image of that size.

    Merges are not counted: what they cost depends on how many edges are open.

    Args:
        space: Its slots.
        size: Voxels per axis (D, H, W).
        latencies: Times of ops, if they matter.
        soft: Whether edges carry their gates.

    Raises:
        GraphError: The strides of the space do not divide the size.
    """
    found: dict[str, dict[str, Price]] = {}
    types = {INPUT: TensorType(space.in_channels, (1,) * space.spatial_dims)}
    arrivals: dict[str, list[TensorType]] = {}

    def add(name: str, slot: Slot, given: TensorType, width: int) -> TensorType:
        made = given
        found[name] = {}
        for candidate in slot.candidates or {FIXED: ()}:
            steps = list(_typed(slot.ops(candidate or None), given, width))
            price = Price()
            for op, before, after in steps:
                price += _price(op, before, after, size, latencies)
                made = after
            found[name][candidate] = price
        return made

    widths = {node.id: space.widths[node.level] for node in space.nodes}
    widths[OUTPUT] = space.out_channels
    outgoing: dict[str, list[int]] = {}
    for index, edge in enumerate(space.edges):
        outgoing.setdefault(edge.source, []).append(index)

    def leave(source: str) -> None:
        for index in outgoing.get(source, ()):
            edge = space.edges[index]
            slot = edge.slot
            if soft and edge.gated:
                slot = replace(slot, after=(*slot.after, GATE))
            made = add(edge.key, slot, types[source], widths[edge.target])
            arrivals.setdefault(edge.target, []).append(made)

    leave(INPUT)
    for node in space.nodes:
        merge: Op = Concat() if node.merge == "concat" else Sum()
        merged = merge.infer(tuple(arrivals[node.id]))
        types[node.id] = add(node.id, node.slot, merged, widths[node.id])
        leave(node.id)
    return found


def _typed(
    ops: tuple[LayerOp, ...], given: TensorType, width: int
) -> Iterator[tuple[Op, TensorType, TensorType]]:
    """Yield the ops with their channels written out, and what they read and make."""
    for op in ops:
        full: Op = op.with_channels(width, given.channels) if isinstance(op, Resized) else op
        made = full.infer((given,))
        yield full, given, made
        given = made


def _price(
    op: Op,
    given: TensorType,
    made: TensorType,
    size: tuple[int, ...],
    latencies: Latencies | None,
) -> Price:
    before, after = (FLOAT_BYTES * t.channels * voxels(t, size) for t in (given, made))
    return Price(
        params=op.params((given,)),
        macs=op.macs((given,), size),
        map_bytes=after,
        peak_bytes=after if op.kind in _OVERWRITERS else before + after,
        ms=0.0 if latencies is None else latencies.op_ms(op, (given,), size),
    )
