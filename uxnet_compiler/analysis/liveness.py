"""When each feature map is needed, and how much memory that takes at most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from uxnet_compiler.ir import Graph, Value

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Peak:
    """The moment of a forward pass in which most bytes are alive.

    Attributes:
        num_bytes: Bytes of the feature maps alive then.
        at: The value being computed.
        alive: All values alive then, largest first.
    """

    num_bytes: int
    at: str
    alive: tuple[str, ...]


def map_bytes(value: Value, image_size: tuple[int, ...]) -> int:
    """Return the bytes of one float32 feature map for one image of that size."""
    return FLOAT_BYTES * value.type.channels * math.prod(value.type.size(image_size))


def unit_image(graph: Graph) -> tuple[int, ...]:
    """Return the smallest size of an image that every map of the network divides."""
    scales = {value.type.scale for value in graph.values()}
    return tuple(math.lcm(*axis) for axis in zip(*scales, strict=True))


_OVERWRITERS = {"relu", "leaky_relu", "sum"}
_KEEPS_ITS_RESULT = {"input", "relu", "leaky_relu"}


def in_place(graph: Graph) -> set[str]:
    """Return the values that may overwrite their first input, in training, too.

    It must be read once and not be the image; and what made it must not need it again to
    compute gradients, as activations do.
    """
    found = set()
    for value in graph.values():
        if value.op.kind in _OVERWRITERS and value.inputs.count(value.inputs[0]) == 1:
            first = graph[value.inputs[0]]
            passed_on = first.op.kind == "sum" and len(first.inputs) == 1
            kept = first.op.kind in _KEEPS_ITS_RESULT or passed_on
            if not kept and graph.readers(first.id) == [value.id]:
                found.add(value.id)
    return found


def peak(graph: Graph, image_size: tuple[int, ...]) -> Peak:
    """Return the peak of the activation memory at inference, batch of one, in graph order.

    A map lives from its computation to its last reader; the reader's result exists beside its
    inputs, as in eager execution, unless it overwrites one; results live to the end. Weights and
    workspace are not counted.
    """
    overwriting = in_place(graph)
    order = list(graph.values())
    last_use = {value.id: index for index, value in enumerate(order)}
    for index, value in enumerate(order):
        for source in value.inputs:
            # The caller holds every result until the end.
            end = len(order) if value.op.kind == "output" else index
            last_use[source] = max(end, last_use[source])
    sizes = {
        value.id: 0 if value.op.kind == "output" else map_bytes(value, image_size)
        for value in order
    }
    now, highest, at = 0, -1, 0
    for index, value in enumerate(order):
        now += sizes[value.id]
        freed = sizes[value.inputs[0]] if value.id in overwriting else 0
        if now - freed > highest:
            highest, at = now - freed, index
        for name in {*value.inputs, value.id}:
            if last_use[name] == index:
                now -= sizes[name]
    gone = order[at].inputs[:1] if order[at].id in overwriting else ()
    alive = [
        value.id
        for value in order[: at + 1]
        if sizes[value.id] and last_use[value.id] >= at and value.id not in gone
    ]
    alive.sort(key=lambda name: (-sizes[name], name))
    return Peak(highest, order[at].id, tuple(alive))


def together_or_apart(parts: Sequence[int], kept: Sequence[bool], result: int) -> tuple[int, int]:
    """Return what it takes to convolve maps together and apart.

    Together they are concatenated first, apart each has a convolution and the results are added.

    Args:
        parts: The room that each map takes.
        kept: Whether others read that map, too.
        result: The room that the result takes.
    """
    shared = sum(size for size, stays in zip(parts, kept, strict=True) if stays)
    together = max(2 * sum(parts), shared + sum(parts) + result)
    alive = apart = sum(parts)
    for size, stays in zip(parts, kept, strict=True):
        alive += result
        apart = max(apart, alive)
        alive -= 0 if stays else size
    return together, apart
