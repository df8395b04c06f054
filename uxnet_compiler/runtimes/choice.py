"""Choose how to run a network on this machine: by name, or by trying."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Literal

import torch
from torch import Tensor

from uxnet_compiler.backends.target import Network
from uxnet_compiler.errors import BackendError
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.selftest import TOLERANCE, Precision, choose_precision
from uxnet_compiler.runtimes.base import Number, Runtime
from uxnet_compiler.runtimes.modules import on_torch
from uxnet_compiler.runtimes.written import CPU, with_onnx, with_openvino

Wanted = Literal["torch", "onnx", "openvino", "auto"]

LIMITS: dict[Number, float] = {"float32": 1e-3, "bfloat16": TOLERANCE}
"""Largest difference of logits from those of torch in float32, relative, Euclidean norm.

Measured on random windows: float32 up to 2e-5; bfloat16 0.003 to 0.005 with trained weights, and
0.01 to 0.08 with fresh ones, which are refused where they exceed the limit.
"""

ROUNDS = 5
# A single run may be slow by accident, when other jobs are busy; long ones are so less.
ENOUGH_S = (20.0, 2.0)


@dataclass(frozen=True)
class Choice:
    """A runtime, and why it is that one.

    Attributes:
        runtime: Ready to run.
        reason: One line.
    """

    runtime: Runtime
    reason: str

    def __str__(self) -> str:
        return f"runtime {self.runtime}: {self.reason}"


def choose(wanted: Wanted, network: Network, batch: tuple[int, ...], device: str) -> Choice:
    """Return the runtime that is wanted, or the fastest right one, ready to run.

    `torch` takes the precision that the machine's self-test finds. The others are tried on random
    windows first: their logits must agree with those of torch in float32 within `LIMITS`, and of
    the precisions that do, the faster one is taken. `auto` takes the fastest of all.

    Args:
        wanted: Its name.
        network: With its weights; its module belongs to the runtime from now on.
        batch: Shape of the windows, (B, C, D, H, W) or (B, C, H, W).
        device: `auto`, `cpu`, `cuda` ...

    Raises:
        RunError: There is no such device.
        BackendError: What is wanted computes on the CPU alone, needs a package that is missing,
            or computes something else here.
    """
    dims = len(batch) - 2
    written = wanted in {"onnx", "openvino"}
    target = pick_device("cpu" if written and device == "auto" else device)
    if written and target.type != "cpu":
        raise BackendError(
            f"runtime {wanted}: computes on the CPU; take --device cpu or --runtime torch"
        )
    precision = choose_precision("auto", target, dims)
    if wanted == "torch" or target.type != "cpu":
        reason = precision.reason if wanted == "torch" else "the others compute on the CPU"
        return Choice(on_torch(network.module, dims, target, precision), reason)
    windows = torch.randn(batch, generator=torch.Generator().manual_seed(0))
    exact = on_torch(network.module, dims, CPU, Precision("float32", False, "the reference"))
    expected = exact(windows)
    right: list[Runtime] = []
    refusals: list[str] = []
    for opening in _openings(wanted, network):
        try:
            runtime = opening()
            _require_right(runtime, windows, expected)
            right.append(runtime)
        except BackendError as error:
            refusals.append(str(error))
    if not right and wanted != "auto":
        raise BackendError(refusals[0])
    if wanted == "auto":
        right.append(on_torch(network.module, dims, CPU, precision))
    return _fastest(right, _seconds(right, windows), refusals)


def _openings(wanted: Wanted, network: Network) -> Iterator[Callable[[], Runtime]]:
    """Yield what opens each runtime that reads files, in each precision worth trying."""
    if wanted in {"onnx", "auto"}:
        yield partial(with_onnx, network)
    if wanted in {"openvino", "auto"}:
        yield partial(with_openvino, network, "float32")
        yield partial(with_openvino, network, "bfloat16")


def _require_right(runtime: Runtime, windows: Tensor, expected: Tensor) -> None:
    """Refuse a runtime that computes something else, and run it for the first time.

    Raises:
        BackendError: Its logits are too different.
    """
    difference = float((runtime(windows) - expected).norm() / expected.norm())
    limit = LIMITS[runtime.precision]
    if not difference <= limit:  # NaN compares false
        raise BackendError(
            f"runtime {runtime}: logits differ from those of torch in float32 by {difference:.2g},"
            f" {limit:g} is the limit"
        )


def _seconds(runtimes: Sequence[Runtime], windows: Tensor) -> list[float]:
    """Return the shortest run of each, timed in turns."""
    shortest = [math.inf] * len(runtimes)
    start = perf_counter()
    for turn in range(ROUNDS):
        for index, runtime in enumerate(runtimes):
            begin = perf_counter()
            runtime(windows)
            shortest[index] = min(shortest[index], perf_counter() - begin)
        if perf_counter() - start > ENOUGH_S[min(turn, 1)]:
            break
    return shortest


def _fastest(right: Sequence[Runtime], times: Sequence[float], refusals: Sequence[str]) -> Choice:
    """Return the fastest, how the others did, and why some could not be taken."""
    order = sorted(range(len(right)), key=lambda index: times[index])
    best = times[order[0]]
    told = [f"{times[index] / best:.1f} x faster than {right[index]}" for index in order[1:]]
    return Choice(right[order[0]], "; ".join([*told, *dict.fromkeys(refusals)]) or "as asked for")
