"""What a network costs: parameters, multiply-accumulates and memory, per value and in total."""

from __future__ import annotations

from dataclasses import dataclass

from uxnet_compiler.analysis.liveness import map_bytes, peak
from uxnet_compiler.ir import Graph


@dataclass(frozen=True)
class ValueCost:
    """The cost of one value for one image."""

    params: int
    macs: int
    num_bytes: int


@dataclass(frozen=True)
class Cost:
    """The cost of a network for one image of a given size.

    Attributes:
        image_size: Voxels per axis (D, H, W).
        params: Trained numbers.
        macs: Multiply-accumulates of the convolutions.
        peak_bytes: Most bytes of float32 feature maps alive at once in inference.
        map_bytes: Bytes of all feature maps together, which is what training keeps.
        values: The same per value.
    """

    image_size: tuple[int, ...]
    params: int
    macs: int
    peak_bytes: int
    map_bytes: int
    values: dict[str, ValueCost]

    def slots(self) -> dict[str, ValueCost]:
        """Add up the values of each node and of each edge; what has no values is left out."""
        found: dict[str, ValueCost] = {}
        for name, value in self.values.items():
            slot = name.partition(".")[0]
            before = found.get(slot, ValueCost(0, 0, 0))
            found[slot] = ValueCost(
                params=before.params + value.params,
                macs=before.macs + value.macs,
                num_bytes=before.num_bytes + value.num_bytes,
            )
        return found


def cost(graph: Graph, image_size: tuple[int, ...]) -> Cost:
    """Add up what the op table says about every value.

    Raises:
        GraphError: The strides of the network do not divide the image size.
    """
    values = {}
    for value in graph.values():
        inputs = tuple(graph[source].type for source in value.inputs)
        values[value.id] = ValueCost(
            params=value.op.params(inputs),
            macs=value.op.macs(inputs, image_size),
            num_bytes=0 if value.op.kind == "output" else map_bytes(value, image_size),
        )
    return Cost(
        image_size=image_size,
        params=sum(v.params for v in values.values()),
        macs=sum(v.macs for v in values.values()),
        peak_bytes=peak(graph, image_size).num_bytes,
        map_bytes=sum(v.num_bytes for v in values.values()),
        values=values,
    )
