"""How the benchmarks measure: both sides in turn, medians, and the allocator's own count."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile


def latencies(
    sides: Mapping[str, Callable[[], object]], *, repeats: int = 7
) -> dict[str, list[float]]:
    """Return seconds per call and side; the sides take turns, after a first call each."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for call in sides.values():
        call()
    for _ in range(repeats):
        for name, call in sides.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


@torch.inference_mode()
def medians(sides: Mapping[str, Callable[[], object]], *, repeats: int = 7) -> dict[str, float]:
    """Return the median of the seconds per call of each side."""
    return {
        name: statistics.median(times) for name, times in latencies(sides, repeats=repeats).items()
    }


@torch.inference_mode()
def peak_bytes(call: Callable[[], object]) -> int:
    """Return the most bytes that a call holds at once, by the count of torch's allocator.

    Weights and inputs, which are there before, do not count.
    """
    call()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        result = call()
    now = most = 0
    events = seen.profiler.kineto_results.events() if seen.profiler else []
    for event in sorted((e for e in events if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    del result
    return most


@torch.inference_mode()
def largest_difference(
    one: Callable[[Tensor], Tensor], two: Callable[[Tensor], Tensor], image: Tensor
) -> float:
    """Return the largest difference of two results, relative to the larger of 1 and them."""
    expected = two(image)
    return float((one(image) - expected).abs().max()) / max(1.0, float(expected.abs().max()))
