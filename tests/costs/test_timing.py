"""Times are there, positive and of the right parts; how long they are is not tested."""

from __future__ import annotations

import pytest
import torch
from strategies import document

from uxnet_compiler.costs import count, timing
from uxnet_compiler.costs.timing import measure
from uxnet_compiler.errors import GraphError, RunError
from uxnet_compiler.machine import memory
from uxnet_compiler.passes import TRAINING
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import resolve

SMALL = Genotype.model_validate(document())


class Ears(Observer):
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.ticks: list[float] = []

    def phase(self, name: str, done: float = 0.0) -> None:
        del done
        self.phases.append(name)

    def tick(self, done: float, **_values: float) -> None:
        self.ticks.append(done)


@pytest.mark.parametrize("passes", [(), TRAINING])
def test_every_part_that_computes_takes_time(passes: tuple[()]) -> None:
    found = measure(SMALL, (8, 8), passes=passes, repeats=3)

    assert found.ms is not None
    assert found.ms > 0
    for part in found.parts:
        assert part.ms is not None
        assert (part.ms > 0) == (part.num_bytes > 0)
    assert (found.runtime, found.threads, found.repeats) == ("torch", torch.get_num_threads(), 3)


def test_what_is_counted_stays_as_it_is_without_measuring() -> None:
    measured, counted = measure(SMALL, (8, 8), repeats=1), count(SMALL, (8, 8))

    untimed = {"runtime": None, "threads": None, "repeats": None, "ms": None}
    parts = tuple(part.model_copy(update={"ms": None}) for part in measured.parts)
    assert measured.model_copy(update={"parts": parts, **untimed}) == counted


def test_the_median_of_the_runs_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr(timing, "perf_counter", lambda: next(clock))

    found = measure(SMALL, (8, 8), passes=(), repeats=3)

    # Every call takes one tick of this clock; a0 is a sum of one, free, and a convolution.
    times = {part.id: part.ms for part in found.parts}
    assert times["a0"] == 1000.0
    assert times["b0>c0"] == 2000.0
    assert times["a0>b0"] == 1000.0
    assert times["input>a0"] == 0.0
    assert found.ms == 1000.0


def test_a_long_measurement_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears()
    measure(SMALL, (8, 8), repeats=2, observer=ears)
    assert ears.phases == []

    monkeypatch.setattr(timing, "SHOW_AFTER_S", 0.0)
    measure(SMALL, (8, 8), repeats=2, observer=ears)

    assert (ears.phases, ears.ticks) == (["measuring"], [0.5, 1.0])


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)

    measure(SMALL, (8, 8), repeats=1)

    assert torch.equal(torch.rand(4), expected)


def test_a_size_that_strides_do_not_divide_is_refused() -> None:
    with pytest.raises(GraphError, match="every axis must be a multiple of 2x2"):
        measure(SMALL, (8, 9))


def test_a_size_that_leaves_a_norm_one_number_is_refused() -> None:
    assert count(resolve("zoo:unet"), (8, 8, 8)).macs > 0
    with pytest.raises(GraphError, match=r"^size 8x8x8: leaves one number for the norm n0_3\.inst"):
        measure(resolve("zoo:unet"), (8, 8, 8))


def test_what_no_memory_holds_is_refused_before_anything_is_allocated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(timing, "assemble", never)
    with pytest.raises(RunError, match=r"unet at 65536x65536x65536: needs \d+\.\d GiB, and"):
        measure(resolve("zoo:unet"), (65536, 65536, 65536))

    monkeypatch.setattr(memory, "physical_bytes", lambda: 2**20)
    with pytest.raises(RunError, match=r"this machine has 0\.0 GiB; take a smaller size"):
        measure(resolve("zoo:unet"), (16, 16, 16))
