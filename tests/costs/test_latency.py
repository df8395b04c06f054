"""Times of ops are measured once, kept, and added up."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
import torch

from uxnet_compiler.costs.latency import FREE, Clock, Latencies
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.ops import Concat, TensorType
from uxnet_compiler.spaces.uxnet import UXNET, UXNetOptions, space

PLAIN = Precision("float32", channels_last=False, reason="a test")
FRAME = space(UXNetOptions(widths=(2, 4), strides=((1, 1, 1), (2, 2, 2))))
SIZE = (8, 8, 8)


class StubClock:
    """A clock on which the n-th op that is measured takes n seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls = count()

    def __call__(self) -> float:
        call = next(self.calls)
        if call % 2:  # the end of a run; there are six runs of an op
            self.now += 1 + call // 12
        return self.now


def broken_clock() -> float:
    raise AssertionError("nothing is measured twice")


def network() -> Graph:
    return lower(UXNET.sample(FRAME, 0, tau=0.0).architecture)


def table(folder: Path, clock: Clock | None = None) -> Latencies:
    return Latencies(torch.device("cpu"), PLAIN, folder=folder, clock=clock or StubClock())


def test_the_latency_of_a_network_is_the_sum_of_its_ops(tmp_path: Path) -> None:
    graph = network()
    latencies = table(tmp_path)

    total = latencies.network_ms(graph, SIZE)

    each = [
        latencies.op_ms(value.op, [graph[name].type for name in value.inputs], SIZE)
        for value in graph.values()
        if value.op.kind not in FREE
    ]
    assert total == pytest.approx(sum(each))
    # The clock gives every op its own time.
    assert sorted(latencies.times.values()) == [1000.0 * n for n in range(1, len(set(each)) + 1)]
    assert set(each) == set(latencies.times.values())


def test_equal_ops_on_equal_maps_are_measured_once(tmp_path: Path) -> None:
    graph = network()
    latencies = table(tmp_path)

    latencies.network_ms(graph, SIZE)

    ops = [value for value in graph.values() if value.op.kind not in FREE]
    assert len(latencies.times) < len(ops)


def test_what_is_kept_is_not_measured_again(tmp_path: Path) -> None:
    first = table(tmp_path)
    before = first.network_ms(network(), SIZE)
    first.keep()

    again = table(tmp_path, broken_clock)

    assert again.network_ms(network(), SIZE) == before
    again.keep()
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]


def test_what_another_job_measured_meanwhile_stays(tmp_path: Path) -> None:
    ours, theirs = table(tmp_path), table(tmp_path)
    theirs.times = {"theirs": 1.0}
    theirs.network_ms(network(), SIZE)
    theirs.keep()
    ours.network_ms(network(), SIZE)

    ours.keep()

    assert set(table(tmp_path).times) == set(ours.times) | {"theirs"}


def test_a_job_takes_its_own_times_again_whatever_the_cache_says(tmp_path: Path) -> None:
    first = table(tmp_path)
    before = first.network_ms(network(), SIZE)
    first.remember(tmp_path / "job.json")
    first.times = dict.fromkeys(first.times, 77.0)
    first.keep()

    again = table(tmp_path, broken_clock)
    again.recall(tmp_path / "job.json")

    assert again.network_ms(network(), SIZE) == before


@pytest.mark.parametrize("damage", ["", "{", '{"machine": 1}', '{"machine": "other", "times": {}}'])
def test_a_damaged_table_is_measured_again(tmp_path: Path, damage: str) -> None:
    latencies = table(tmp_path)
    latencies.path.write_text(damage)

    found = table(tmp_path)
    found.network_ms(network(), SIZE)
    found.keep()

    assert json.loads(latencies.path.read_text())["machine"] == latencies.machine


def test_each_precision_has_a_table_of_its_own(tmp_path: Path) -> None:
    brain = Precision("bfloat16", channels_last=True, reason="a test")

    other = Latencies(torch.device("cpu"), brain, folder=tmp_path)

    assert other.path != table(tmp_path).path
    assert "bfloat16 channels-last" in other.machine


def test_the_table_lies_in_the_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UXNET_CACHE", str(tmp_path / "cache"))

    assert Latencies(torch.device("cpu"), PLAIN).path.parent == tmp_path / "cache" / "latency"


def test_maps_of_different_widths_are_measured_together(tmp_path: Path) -> None:
    maps = [TensorType(channels, (1, 1)) for channels in (1, 4)]

    assert table(tmp_path).op_ms(Concat(), maps, (4, 4)) == 1000.0
