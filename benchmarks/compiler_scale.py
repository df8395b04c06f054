"""Measure how the time of the passes grows with the size of a network.

    python benchmarks/compiler_scale.py

takes synthetic networks of ten thousand to a hundred thousand values through every pass, and
prints the seconds of processor time that each takes. Nothing is lowered or built: this is the
graph alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import TypeVar

from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.ops import (
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Input,
    InstanceNorm,
    LeakyRelu,
    MaxPool,
    Op,
    Output,
    Relu,
    Scale,
    Sum,
    Upsample,
)
from uxnet_compiler.passes import PASSES

T = TypeVar("T")
SIZES = (10_000, 30_000, 100_000)
SKIP = 20
"""Every so many blocks one reads the result of the block as far back, too."""

_POINT = Conv(kernel=(1, 1), channels=4)
_PLAIN = Conv(kernel=(3, 3), channels=4)
_THIN = Conv(kernel=(3, 3), channels=1)
_BIASED = Conv(kernel=(3, 3), channels=4, bias=True)
_HALF = (2, 2)
_BLOCK: tuple[tuple[str, Op, tuple[str, ...]], ...] = (
    ("conv", _BIASED, ("x",)),
    ("instance_norm", InstanceNorm(), ("conv",)),
    ("leaky_relu", LeakyRelu(), ("instance_norm",)),
    ("conv_2", _POINT, ("leaky_relu",)),
    ("conv_3", _PLAIN, ("leaky_relu",)),
    ("scale", Scale(factor=0.9), ("conv_3",)),
    ("conv_4", Conv(kernel=(5, 5), channels=4), ("leaky_relu",)),
    ("scale_2", Scale(factor=0.1), ("x",)),
    ("sum", Sum(), ("conv_2", "scale", "conv_4", "scale_2")),
    ("relu", Relu(), ("sum",)),
    ("max_pool", MaxPool(factor=_HALF), ("relu",)),
    ("max_pool_2", MaxPool(factor=_HALF), ("relu",)),
    ("avg_pool", AvgPool(factor=_HALF), ("sum",)),
    ("conv_10", _THIN, ("max_pool",)),
    ("conv_11", _THIN, ("avg_pool",)),
    ("conv_5", _POINT, ("conv_10",)),
    ("conv_6", _POINT, ("conv_11",)),
    ("sum_2", Sum(), ("max_pool_2", "conv_5", "conv_6")),
    ("leaky_relu_2", LeakyRelu(), ("sum_2",)),
    ("upsample", Upsample(factor=_HALF), ("leaky_relu_2",)),
    ("conv_7", _POINT, ("upsample",)),
    ("upsample_2", Upsample(factor=_HALF, mode="nearest"), ("leaky_relu_2",)),
    ("concat", Concat(), ("sum", "conv_7", "upsample_2")),
    ("conv_8", _PLAIN, ("concat",)),
    ("batch_norm", BatchNorm(), ("conv_8",)),
    ("sum_3", Sum(), ("batch_norm",)),
    ("sum_4", Sum(), ("sum_3", "skip")),
    ("conv_9", _BIASED, ("sum_4",)),
)
"""One block: its values read each other, the block before (x) and one far back (skip)."""


@dataclass(frozen=True)
class Point:
    """The seconds of processor time that one size takes.

    Attributes:
        values: Values before any pass.
        left: Values after all passes.
        build: Adding the values one by one.
        verify: All verifications, one before the passes and one after each.
        passes: Each pass, in the order of the catalogue.
    """

    values: int
    left: int
    build: float
    verify: float
    passes: dict[str, float]

    @property
    def total(self) -> float:
        """Return the seconds of all passes and verifications."""
        return self.verify + sum(self.passes.values())


def network(values: int) -> Graph:
    """Return a network of about so many values: a chain of blocks with branches and long skips.

    Every pass finds something to do in every block; the last value of a block is dead but for
    the last block's.
    """
    graph = Graph()
    ends = [graph.add("input", Input(channels=4, spatial_dims=2))]
    for index in range(max(1, (values - 2) // len(_BLOCK))):
        local = {"x": ends[-1], "skip": ends[-SKIP] if len(ends) % SKIP == 0 else ends[-1]}
        for name, op, inputs in _BLOCK:
            local[name] = graph.add(f"b{index}.{name}", op, tuple(local[i] for i in inputs))
        ends.append(local["sum_4"])
    graph.add("output", Output(), (local["conv_9"],))
    return graph


def curve(sizes: Sequence[int] = SIZES) -> list[Point]:
    """Return the seconds of processor time per size."""
    return [_measure(size) for size in sizes]


def _measure(size: int) -> Point:
    build, graph = _timed(lambda: network(size))
    values = len(graph)
    verifying, _ = _timed(lambda: verify(graph))
    passes = {}
    for name, each in PASSES.items():
        passes[name], _ = _timed(partial(each().run, graph))
        seconds, _ = _timed(lambda: verify(graph))
        verifying += seconds
    return Point(values, len(graph), build, verifying, passes)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = process_time()
    result = work()
    return process_time() - start, result


def main() -> None:
    """Print one column a size."""
    points = curve()
    _row("values", [f"{point.values}" for point in points])
    _row("left after all passes", [f"{point.left}" for point in points])
    _row("build (s)", [f"{point.build:.2f}" for point in points])
    for name in PASSES:
        _row(f"{name} (s)", [f"{point.passes[name]:.2f}" for point in points])
    _row("verify (s)", [f"{point.verify:.2f}" for point in points])
    _row("passes and verify (s)", [f"{point.total:.2f}" for point in points])


def _row(label: str, cells: list[str]) -> None:
    print(f"{label:<28}" + "".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    main()
