"""Measure how long each node and each edge of a compiled network takes on this machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import fx

from uxnet_compiler.analysis import cost
from uxnet_compiler.analysis.liveness import FLOAT_BYTES
from uxnet_compiler.backends.torch import VALUE
from uxnet_compiler.compiler import assemble, fitting_size
from uxnet_compiler.costs.count import Costs, costs_of
from uxnet_compiler.costs.runnable import require_runnable
from uxnet_compiler.lowering import lower
from uxnet_compiler.machine.memory import memory_errors, require_memory
from uxnet_compiler.ops import spell
from uxnet_compiler.passes import INFERENCE, Pass, run_passes
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype

SHOW_AFTER_S = 2.0


def measure(
    genotype: Genotype,
    image_size: tuple[int, ...] | None = None,
    *,
    passes: Sequence[Pass] = INFERENCE,
    repeats: int = 5,
    observer: Observer | None = None,
) -> Costs:
    """Return what `count` does, and how long each part and the whole take on this CPU.

    The network runs in float32 as plain torch calls, with fresh weights, on one image. The times
    of the parts add up to a little more than that of the whole, since taking them takes time.

    Args:
        genotype: Any family's.
        image_size: As for `uxnet_compiler.compiler.fitting_size`.
        passes: Rewrites that the network goes through.
        repeats: Timed runs, after one that warms up.
        observer: Hears how far it is, when it takes more than `SHOW_AFTER_S` seconds.

    Raises:
        GraphError: The size does not fit the architecture, or is too small to be run.
        RunError: The machine has not enough memory.
    """
    size = fitting_size(genotype.architecture, image_size)
    document = lower(genotype.architecture)
    graph = run_passes(document, passes)
    for value in graph.values():
        if value.inputs:
            require_runnable(value.op, graph[value.inputs[0]].type, size, value.id)
    counted = costs_of(genotype, size, passes, graph)
    where = f"{genotype.name} at {spell(size)}"
    advice = "take a smaller size, or count without measuring"
    weights = FLOAT_BYTES * (counted.params + cost(document, size).params)
    require_memory(counted.peak_bytes + weights, where, advice)
    with memory_errors(where, advice):
        module = assemble(document, graph, None).eval()
        image = torch.randn(
            (1, genotype.architecture.in_channels, *size),
            generator=torch.Generator().manual_seed(0),
        )
        values, whole = _times(module, image, repeats, observer or Observer())
    return costs_of(genotype, size, passes, graph, values).model_copy(
        update={
            "runtime": "torch",
            "threads": torch.get_num_threads(),
            "repeats": repeats,
            "ms": whole,
        }
    )


class _Timer(fx.Interpreter):
    """Run a module call by call, and note the seconds of each under its value's name."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.seconds: dict[str, float] = defaultdict(float)

    def run_node(self, n: fx.Node) -> Any:
        start = perf_counter()
        result = super().run_node(n)
        if VALUE in n.meta:
            self.seconds[n.meta[VALUE]] += perf_counter() - start
        return result


@torch.inference_mode()
def _times(
    module: fx.GraphModule, image: torch.Tensor, repeats: int, observer: Observer
) -> tuple[dict[str, float], float]:
    """Return the median milliseconds of each value and of the whole, timed in turns."""
    values: dict[str, list[float]] = defaultdict(list)
    wholes = []
    warm_up = _seconds(lambda: module(image))
    is_long = 2 * repeats * warm_up > SHOW_AFTER_S
    if is_long:
        observer.phase("measuring")
    for repeat in range(repeats):
        timer = _Timer(module)
        timer.run(image)
        for name, seconds in timer.seconds.items():
            values[name].append(1000 * seconds)
        wholes.append(1000 * _seconds(lambda: module(image)))
        if is_long:
            observer.tick((repeat + 1) / repeats)
    return {name: median(found) for name, found in values.items()}, median(wholes)


def _seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start
