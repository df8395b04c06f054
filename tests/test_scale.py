"""The work of the passes grows with the size of a network, and no faster."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from uxnet_compiler.ir import Graph, verify
from uxnet_compiler.passes import PASSES, Pass, run_passes

BENCHMARK = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "compiler_scale.py"))
network: Callable[[int], Graph] = BENCHMARK["network"]


def calls(work: Callable[[], None]) -> int:
    """Return how many functions are called: what a clock would say, without its noise."""
    count = 0

    def tick(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(tick)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def work_on(each: Pass, values: int) -> int:
    graph = network(values)
    verify(graph)

    def work() -> None:
        each.run(graph)
        verify(graph)

    return calls(work)


@pytest.mark.parametrize("name", PASSES)
def test_twice_the_values_are_twice_the_work(name: str) -> None:
    small, large = (work_on(PASSES[name](), values) for values in (1000, 2000))

    assert large < 2.3 * small


@pytest.mark.parametrize("name", [name for name in PASSES if name != "order-by-liveness"])
def test_a_pass_finds_work_in_every_block(name: str) -> None:
    graph = network(500)
    blocks = sum(value.op.kind == "batch_norm" for value in graph.values())

    assert PASSES[name]().run(graph) >= blocks - 1


def test_the_benchmark_measures_every_pass() -> None:
    passes = [each() for each in PASSES.values()]
    (point,) = BENCHMARK["curve"]([200])

    assert list(point.passes) == list(PASSES)
    assert point.left == len(run_passes(network(200), passes))
    assert point.total == pytest.approx(point.verify + sum(point.passes.values()))
