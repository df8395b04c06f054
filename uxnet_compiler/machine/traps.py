"""Step on the known traps of 3-D convolutions, each in a process of its own, which may die.

Where a kernel is longer than the image, kernels for the CPU overwrite memory, and what happens
then is anybody's guess; so nothing of it is computed in the process that asks.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last, channels_last_
from uxnet_compiler.machine.selftest import FORMATS, TOLERANCE

Mode = Literal["float32", "bfloat16", "guarded"]
MODES: tuple[Mode, ...] = ("float32", "bfloat16", "guarded")
"""As jobs compute in float32 (guarded, too), bfloat16 alone, and bfloat16 as jobs compute in it."""
# Measured errors of right kernels: float32 1e-6, with TF32 on a GPU 5e-4; bfloat16 as in selftest.
TOLERANCES: dict[Mode, float] = {"float32": 3e-3, "bfloat16": TOLERANCE, "guarded": TOLERANCE}
TIMEOUT_S = 300


@dataclass(frozen=True)
class Trap:
    """A convolution on a shape on which some kernels are known to be wrong.

    Attributes:
        name: What is special about it.
        kernel: Voxels per axis.
        size: Voxels of the image per axis (D, H, W).
        stride: Of the convolution, on each axis.
        dilation: Of the kernel, on each axis.
        channels: Of image and result.
    """

    name: str
    kernel: int
    size: tuple[int, int, int]
    stride: int = 1
    dilation: int = 1
    channels: int = 16


# Source: our own trials of 5400 shapes on a CPU with AMX, torch 2.13; the first is also
# pytorch/pytorch issue 169688; the last is wrong in float32, too, on a CPU without units for
# bfloat16.
TRAPS = (
    Trap("stride 2, innermost output 1", 3, (8, 8, 2), stride=2),
    Trap("stride 2, dilation 2, innermost output 1", 3, (8, 8, 2), stride=2, dilation=2),
    Trap("stride 2, innermost input 1", 3, (8, 8, 1), stride=2),
    Trap("5-voxel kernel, depth 1", 5, (1, 16, 16), channels=12),
    Trap("7-voxel kernel, depth 1", 7, (1, 16, 16), channels=8),
    Trap("5-voxel kernel on 4 voxels", 5, (4, 4, 4)),
    Trap("stride 2, 7-voxel kernel on 5 voxels", 7, (5, 2, 16), stride=2, channels=12),
)


@dataclass(frozen=True)
class Outcome:
    """How wrong a trap's output and gradients are.

    Attributes:
        error: Relative to float64, Euclidean norm, the worst of output, image gradient and
            weight gradient; NaN when one is not finite or the process died.
        died: Whether the process did not live to tell.
    """

    error: float
    died: bool = False

    def is_right(self, mode: Mode) -> bool:
        """Tell whether it is as exact as the mode can be."""
        return self.error <= TOLERANCES[mode]  # NaN compares false


def step_on_traps(device: str) -> Iterator[tuple[Trap, dict[Mode, Outcome]]]:
    """Try every trap in every mode, and yield what came out in the order of `TRAPS`.

    Args:
        device: `cpu` or a CUDA device.
    """
    unsafe: Mode = "bfloat16"
    safe = [(index, mode) for index in range(len(TRAPS)) for mode in MODES if mode != unsafe]
    with ThreadPoolExecutor(max_workers=2) as pool:
        together = pool.submit(_in_a_process, device, safe)
        alone = [pool.submit(_in_a_process, device, [(i, unsafe)]) for i in range(len(TRAPS))]
        for index, trap in enumerate(TRAPS):
            found = together.result() | alone[index].result()
            died = Outcome(math.nan, died=True)
            yield trap, {mode: found.get((index, mode), died) for mode in MODES}


Job = tuple[int, Mode]


def _in_a_process(device: str, jobs: Sequence[Job]) -> dict[Job, Outcome]:
    """Return what a process told before it ended or died."""
    arguments = [f"{index}:{mode}" for index, mode in jobs]
    command = [sys.executable, "-P", "-m", __name__, device, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
        told = done.stdout
    except subprocess.TimeoutExpired as error:
        told = error.stdout or b""
    found: dict[Job, Outcome] = {}
    for job, line in zip(jobs, told.decode(errors="replace").splitlines(), strict=False):
        found[job] = Outcome(float(json.loads(line)))
    return found


def main(device: str, *jobs: str) -> None:
    """Compute traps named as `index:mode` and print the error of each, one a line."""
    for job in jobs:
        index, _, mode = job.partition(":")
        error = error_of(TRAPS[int(index)], torch.device(device), MODES[MODES.index(mode)])
        sys.stdout.write(f"{json.dumps(error)}\n")
        sys.stdout.flush()


def error_of(trap: Trap, device: torch.device, mode: Mode) -> float:
    """Return the error of a trap, computed in this process: not for `bfloat16` in a long job.

    It is the worst of all orders in memory that jobs use with the mode.
    """
    exact = _run(trap, torch.device("cpu"), "float64", is_last=False)
    brain = mode != "float32"
    orders = [is_last for dtype, is_last in FORMATS if (dtype == "bfloat16") == brain]
    errors = [
        float((b - a).norm() / a.norm())
        for is_last in orders
        for a, b in zip(exact, _run(trap, device, mode, is_last=is_last), strict=True)
    ]
    return float(torch.tensor(errors).max())  # Python's max would lose a NaN


def _run(
    trap: Trap, device: torch.device, mode: Mode | Literal["float64"], *, is_last: bool
) -> list[torch.Tensor]:
    """Return output, image gradient and weight gradient in float64."""
    generator = torch.Generator().manual_seed(0)
    layer = nn.Conv3d(
        trap.channels,
        trap.channels,
        trap.kernel,
        stride=trap.stride,
        dilation=trap.dilation,
        padding=trap.dilation * (trap.kernel // 2),
        bias=False,
    )
    layer.weight.data = 0.1 * torch.randn(layer.weight.shape, generator=generator)
    image = torch.randn((2, trap.channels, *trap.size), generator=generator)
    layer, image = layer.to(device), image.to(device)
    if mode == "float64":
        layer, image = layer.double(), image.double()
    if is_last:
        channels_last_(layer, 3)
        image = channels_last(image, 3)
    if mode in {"float32", "guarded"}:
        guard(layer)
    image.requires_grad_()
    with torch.autocast(device.type, torch.bfloat16, enabled=mode in {"bfloat16", "guarded"}):
        output = layer(image)
    torch.autograd.backward(output.double().square().sum())
    found = (output.detach(), image.grad, layer.weight.grad)
    return [tensor.double().cpu() for tensor in found if tensor is not None]


if __name__ == "__main__":
    main(*sys.argv[1:])
