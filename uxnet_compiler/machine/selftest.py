"""Find out by trying which precision is right on this machine, and which is faster.

Some CPU kernels for bfloat16 convolutions return NaN or huge numbers for tiny inputs, without an
error. Data sheets do not tell, so a few convolutions of the shapes that networks here are made of
(every axis at least 4) are computed in bfloat16 and compared with float32, forward and backward.
Where a processor has no units for bfloat16, float32 is faster, most often with channels last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from uxnet_compiler.machine.layout import channels_last, channels_last_

# bfloat16 keeps 8 bits of a number; products are summed in float32. Measured relative errors of
# right kernels are 0.003 to 0.006; wrong ones are NaN or above 1.
TOLERANCE = 0.03
CHANNELS = 16
SIDE = {2: 96, 3: 24}


Dtype = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Precision:
    """Say how a job should compute on a device, and why."""

    dtype: Dtype
    channels_last: bool
    reason: str


FORMATS: tuple[tuple[Dtype, bool], ...] = (
    ("float32", False),
    ("float32", True),
    ("bfloat16", True),
)
"""What a job may compute in: number format, and whether channels are last in memory."""
ROUNDS = 5


@dataclass(frozen=True)
class Trial:
    """One layer on one shape, as it occurs in networks here."""

    name: str
    layer: Callable[[int], nn.Module]
    size: int


TRIALS = (
    Trial("3-voxel convolution on 4 voxels", lambda n: _conv(n, 3), 4),
    Trial("dilated convolution on 4 voxels", lambda n: _conv(n, 5, dilation=2), 4),
    Trial("strided convolution from 8 to 4 voxels", lambda n: _conv(n, 3, stride=2), 8),
    Trial("1-voxel convolution on 4 voxels", lambda n: _conv(n, 1), 4),
    Trial("transposed convolution from 4 to 8 voxels", lambda n: _transposed(n), 4),  # noqa: PLW0108 (defined below),
)


def precision_for(device: str | torch.device, spatial_dims: int) -> Precision:
    """Return the precision that is right and, among the right ones, fastest on the device.

    The answer is kept for the life of the process; the global random state is not touched.

    Args:
        device: `cpu` or a CUDA device.
        spatial_dims: 2 or 3.
    """
    return _measure(str(torch.device(device)), spatial_dims)


def choose_precision(
    name: Literal["auto"] | Dtype, device: str | torch.device, spatial_dims: int
) -> Precision:
    """Return the precision of that name; `auto` takes what `precision_for` finds."""
    if name == "auto":
        return precision_for(device, spatial_dims)
    return Precision(name, name == "bfloat16", "asked for")


@cache
def bfloat16_defect(device: str, spatial_dims: int) -> str | None:
    """Return the name of a trial that bfloat16 fails on the device, or None when it is right.

    Args:
        device: `cpu` or a CUDA device.
        spatial_dims: 2 or 3.
    """
    for trial in TRIALS:
        error = relative_error(trial, torch.device(device), spatial_dims)
        if not error <= TOLERANCE:  # NaN compares false
            return trial.name
    return None


@cache
def _measure(device: str, spatial_dims: int) -> Precision:
    defect = bfloat16_defect(device, spatial_dims)
    right = [each for each in FORMATS if defect is None or each[0] == "float32"]
    seconds = _seconds(torch.device(device), spatial_dims, right)
    dtype, is_last = min(right, key=lambda each: seconds[each])
    if defect is not None:
        reason = f"bfloat16 is wrong here: {defect}"
    elif dtype == "float32":
        reason = "bfloat16 is right but not faster"
    else:
        plain = min(seconds[each] for each in right if each[0] == "float32")
        reason = f"bfloat16 is right and {plain / seconds[dtype, is_last]:.1f} x faster"
    return Precision(dtype, is_last, reason)


def relative_error(trial: Trial, device: torch.device, spatial_dims: int) -> float:
    """Compare bfloat16 with float32: output, input gradient and weight gradient of one layer.

    Returns:
        The largest of the three relative errors (Euclidean norm), NaN when one is not finite.
    """
    exact = _run(trial, device, spatial_dims, "float32", is_last=False)
    rough = _run(trial, device, spatial_dims, "bfloat16", is_last=True)
    errors = [float((b - a).norm() / a.norm()) for a, b in zip(exact, rough, strict=True)]
    return float(torch.tensor(errors).max())  # Python's max would lose a NaN


def _run(
    trial: Trial, device: torch.device, spatial_dims: int, dtype: Dtype, *, is_last: bool
) -> list[torch.Tensor]:
    layer = trial.layer(spatial_dims)
    layer, image = _prepare(layer, spatial_dims, trial.size, device, is_last=is_last)
    output = _forward(layer, image, dtype)
    torch.autograd.backward(output.square().sum())
    found = [output.detach(), *(x.grad for x in (image, *layer.parameters()) if x.grad is not None)]
    return [tensor.float().cpu() for tensor in found]


def _seconds(
    device: torch.device, spatial_dims: int, formats: Sequence[tuple[Dtype, bool]]
) -> dict[tuple[Dtype, bool], float]:
    """Time a forward and a backward pass in each format; the formats take turns.

    On the CPU the time of one thread counts, which other jobs on a busy machine cannot change.
    """
    prepared = {}
    for dtype, is_last in formats:
        layers = nn.Sequential(*(_conv(spatial_dims, 3) for _ in range(3)))
        size = SIDE[spatial_dims]
        prepared[dtype, is_last] = _prepare(layers, spatial_dims, size, device, is_last=is_last)
    threads = torch.get_num_threads()
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    times: dict[tuple[Dtype, bool], list[float]] = {each: [] for each in formats}
    try:
        torch.set_num_threads(1)
        for _ in range(1 + ROUNDS):  # the first one warms up
            for each, (layer, image) in prepared.items():
                start = clock()
                torch.autograd.backward(_forward(layer, image, each[0]).square().sum())
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                times[each].append(clock() - start)
    finally:
        torch.set_num_threads(threads)
    return {each: min(found[1:]) for each, found in times.items()}


def _prepare(
    layer: nn.Module, spatial_dims: int, size: int, device: torch.device, *, is_last: bool
) -> tuple[nn.Module, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn((2, CHANNELS, *[size] * spatial_dims), generator=generator)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    layer, image = layer.to(device), image.to(device)
    if is_last:
        channels_last_(layer, spatial_dims)
        image = channels_last(image, spatial_dims)
    return layer, image.requires_grad_()


def _forward(layer: nn.Module, image: torch.Tensor, dtype: Dtype) -> torch.Tensor:
    with torch.autocast(image.device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
        output: torch.Tensor = layer(image)
    return output.float()


class _Empty(nn.Module):
    """Convolve without drawing weights: `_prepare` sets them, the random state stays as it is."""

    def __init__(self, weight: tuple[int, ...], options: dict[str, int], name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(weight))
        self.options = options
        self.function = getattr(functional, name)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.function(image, self.weight, **self.options)
        return output


def _conv(spatial_dims: int, kernel: int, *, stride: int = 1, dilation: int = 1) -> nn.Module:
    shape = (CHANNELS, CHANNELS, *[kernel] * spatial_dims)
    options = {"stride": stride, "dilation": dilation, "padding": dilation * (kernel // 2)}
    return _Empty(shape, options, f"conv{spatial_dims}d")


def _transposed(spatial_dims: int) -> nn.Module:
    shape = (CHANNELS, CHANNELS, *[2] * spatial_dims)
    return _Empty(shape, {"stride": 2}, f"conv_transpose{spatial_dims}d")
