"""Translation validation: a pass is believed only after the network was run before and after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from uxnet_compiler.analysis import cost
from uxnet_compiler.analysis.liveness import FLOAT_BYTES
from uxnet_compiler.backends.reference import reference
from uxnet_compiler.errors import PassError
from uxnet_compiler.ir import Graph, Value
from uxnet_compiler.ops import Conv, Op, TransposedConv, spell
from uxnet_compiler.passes import Pass, run_steps, spell_pipeline

# Rounding in float64 is 1e-16 of a number; sums of 1e4 terms, and norms over the few voxels of
# the deepest maps, make 1e-12 of it in a whole network. The least that a wrong rewrite changes is
# the share of a norm's eps, 1e-5 of the variance. The limit lies between, closer to rounding.
LIMIT = 1e-9
"""Largest relative difference that an exact pass may make."""


@dataclass(frozen=True)
class PassRecord:
    """What a pass did.

    Attributes:
        name: The pass, spelled with its options.
        rewrites: Rewrites made.
        seconds: Wall-clock time that they took, the validation apart.
        largest_difference: Between outputs before and after, relative to the larger of 1 and the
            largest output; `None` when nothing was rewritten.
        exact: Whether the pass promises that outputs stay equal; if not, the difference is
            recorded, but not judged.
    """

    name: str
    rewrites: int
    seconds: float
    largest_difference: float | None
    exact: bool = True


@dataclass(frozen=True)
class Optimised:
    """A graph after its passes, and what each of them did."""

    graph: Graph
    records: tuple[PassRecord, ...]


def optimise(
    document: Graph,
    passes: Sequence[Pass],
    *,
    on_pass: Callable[[PassRecord, Graph], None] | None = None,
) -> Optimised:
    """Run passes on a copy of a graph, and run the network before and after each of them.

    Both get the same random weights and images, in float64, at several sizes; every output
    counts, those of deep supervision, too.

    Args:
        document: The graph before any pass.
        passes: Rewrites to go through.
        on_pass: Called after each pass with its record and the graph.

    Raises:
        PassError: A pass broke a rule of graphs or changed what the network computes.
        BackendError: The network cannot be built.
    """
    graph = document.copy()
    witness = _Witness(document)
    records = []
    for step in run_steps(graph, passes):
        name = spell_pipeline([step.made_by])
        difference = witness.compare(graph, name, step.rewrites, exact=step.made_by.exact)
        record = PassRecord(name, step.rewrites, step.seconds, difference, step.made_by.exact)
        records.append(record)
        if on_pass is not None:
            on_pass(record, graph)
    return Optimised(graph, tuple(records))


def sizes(divisor: tuple[int, ...], least: tuple[int, ...] = ()) -> tuple[tuple[int, ...], ...]:
    """Return small image sizes that show what depends on the size.

    At the deepest level every axis has 2 voxels or more, and the axes differ.

    Args:
        divisor: Images are multiples of it, per axis (D, H, W).
        least: What each axis must have in one of the sizes, in multiples of the divisor.
    """
    first, *others = least or (1,) * len(divisor)
    # Each axis is long in one of them alone, so that none is large.
    factors = (
        (2, *(max(3 + axis, n) for axis, n in enumerate(others))),
        (max(3, first), *(2 for _ in others)),
    )
    return tuple(tuple(f * d for f, d in zip(each, divisor, strict=True)) for each in factors)


def random_weights(document: Graph, *, seed: int = 0) -> dict[str, Tensor]:
    """Return tensors for a document's network that hide nothing: all of them matter.

    In float64. Convolutions keep the size of what they read (He et al., 2015); scales of norms
    have either sign, and neither biases nor collected means are zero.
    """
    generator = torch.Generator().manual_seed(seed)
    stored = {}
    for value in document.values():
        inputs = tuple(document[source].type for source in value.inputs)
        shapes = value.op.weights(inputs) | value.op.statistics(inputs)
        for name, shape in shapes.items():
            made = torch.randn(shape, generator=generator, dtype=torch.float64)
            if name == "num_batches_tracked":
                made = made.long().abs() + 1
            elif name == "running_var":
                made = made.abs() + 0.5
            elif len(shape) > 1:
                made *= math.sqrt(2 / _fan_in(value.op, shape))
            elif name == "weight":
                made += made.sign() / 2
            else:
                made /= 2
            stored[f"{value.id}.{name}"] = made
    return stored


def needed_bytes(document: Graph) -> int:
    """Return the bytes that running a document's network to compare it takes at the least."""
    runs = [(batch, cost(document, size)) for batch, size in _batches(document)]
    maps = max(batch * found.peak_bytes for batch, found in runs)
    weights = FLOAT_BYTES * runs[0][1].params
    return (torch.float64.itemsize // FLOAT_BYTES) * (maps + weights)


def _fan_in(op: Op, shape: tuple[int, ...]) -> float:
    """Return how many products add up to one number."""
    if isinstance(op, TransposedConv):
        given = shape[0] // op.group_count(shape[0])
        return given * max(1.0, math.prod(op.kernels) / math.prod(op.stride))
    return math.prod(shape[1:])


class _Witness:
    """Remembers what the network computed last, and compares.

    Weights and outputs are made when the first pass that rewrites something asks for them.
    """

    def __init__(self, document: Graph) -> None:
        self._document = document
        self._values = list(document.values())

    @cached_property
    def _stored(self) -> dict[str, Tensor]:
        return random_weights(self._document)

    @cached_property
    def _images(self) -> list[Tensor]:
        generator = torch.Generator().manual_seed(1)
        channels = self._document.input().type.channels
        return [
            torch.randn(batch, channels, *size, generator=generator, dtype=torch.float64)
            for batch, size in _batches(self._document)
        ]

    @cached_property
    def _outputs(self) -> list[tuple[Tensor, ...]]:
        """What the graph of the last comparison gave, at first the document's."""
        return self._run(self._document)

    def _run(self, graph: Graph) -> list[tuple[Tensor, ...]]:
        module = reference(graph, self._stored)
        with torch.inference_mode():
            found = [module(image) for image in self._images]
        return [each if isinstance(each, tuple) else (each,) for each in found]

    def compare(self, graph: Graph, name: str, rewrites: int, *, exact: bool) -> float | None:
        """Return the largest difference that a pass made, or `None` when it did nothing.

        Raises:
            PassError: It made one that an exact pass may not make.
        """
        values = list(graph.values())
        if values == self._values:
            return 0.0 if rewrites else None
        if not rewrites:
            raise PassError(f"pass {name!r} changed the graph, but says that it rewrote nothing")
        before, after = _ends(self._values), _ends(values)
        if before != after:
            raise PassError(
                f"pass {name!r} changes the ends of the network: from {', '.join(before)}"
                f" to {', '.join(after)}"
            )
        expected, found = self._outputs, self._run(graph)
        self._values, self._outputs = values, found
        largest = 0.0
        for image, ours, theirs in zip(self._images, expected, found, strict=True):
            difference = max(map(_difference, ours, theirs))
            if not difference <= (LIMIT if exact else math.inf):
                raise PassError(
                    f"pass {name!r} changes what the network computes: by {difference:.1e} of the"
                    f" largest output at size {spell(tuple(image.shape[2:]))}, {LIMIT:.0e} is"
                    " the limit"
                )
            largest = max(largest, difference)
        return largest


def _ends(values: list[Value]) -> list[str]:
    kinds = {"input", "output"}
    return sorted(f"{value.id} ({value.type})" for value in values if value.op.kind in kinds)


def _difference(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max()) / max(1.0, float(one.abs().max()))


def _batches(document: Graph) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Return how many images of which size are compared."""
    divisor = _divisor(document)
    return enumerate(sizes(divisor, _least(document, divisor)), start=1)


def _divisor(graph: Graph) -> tuple[int, ...]:
    scales = {value.type.scale for value in graph.values()}
    return tuple(math.lcm(*axis) for axis in zip(*scales, strict=True))


# A kernel that sees farther at the deepest level has taps that no small image reaches.
_MOST = 6


def _least(graph: Graph, divisor: tuple[int, ...]) -> tuple[int, ...]:
    """Return what each axis must have for every tap of every kernel to meet a voxel."""
    least = [1] * len(divisor)
    for value in graph.values():
        if isinstance(value.op, Conv):
            op, scale = value.op, graph[value.inputs[0]].type.scale
            for axis, d in enumerate(divisor):
                # The first voxel of the result needs `reach` more, the last one a stride less.
                voxels = (op.padding[axis] + op.strides[axis]) * scale[axis]
                least[axis] = max(least[axis], min(_MOST, -(-voxels // d)))
    return tuple(least)
