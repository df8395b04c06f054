"""Measure which number format and which order of memory are fastest here."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from pydantic import BaseModel, ConfigDict
from torch import nn

from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.selftest import Dtype

CHANNELS, SIDE, LAYERS = 16, 32, 3
# As in a training. For one small image alone torch takes a slow kernel in float32.
BATCH = 2
REPEATS = 5


class Speed(BaseModel):
    """How fast a small 3-D network is in one format.

    Attributes:
        dtype: Number format of its convolutions.
        channels_last: Whether channels are innermost in memory.
        training_ms: Forward and backward pass, in milliseconds.
        inference_ms: Forward pass alone.
    """

    model_config = ConfigDict(frozen=True)

    dtype: Dtype
    channels_last: bool
    training_ms: float
    inference_ms: float


def measure_speeds(device: torch.device) -> tuple[Speed, ...]:
    """Time three blocks of 3-voxel convolution, instance norm and leaky ReLU in every format.

    The formats take turns, and the least of a few runs counts: whatever else the machine does
    can only add to it. The global random state is not touched.
    """
    formats: list[tuple[Dtype, bool]] = [
        (dtype, is_last) for dtype in ("float32", "bfloat16") for is_last in (False, True)
    ]
    calls = {each: _calls(device, *each) for each in formats}
    times: dict[tuple[Dtype, bool], list[tuple[float, float]]] = {each: [] for each in formats}
    for _ in range(1 + REPEATS):  # the first one warms up
        for each, (train, infer) in calls.items():
            times[each].append((_ms(train, device), _ms(infer, device)))
    return tuple(
        Speed(
            dtype=dtype,
            channels_last=is_last,
            training_ms=min(training for training, _ in found[1:]),
            inference_ms=min(inference for _, inference in found[1:]),
        )
        for (dtype, is_last), found in times.items()
    )


def _calls(
    device: torch.device,
    dtype: Dtype,
    is_last: bool,
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what trains and what infers once."""
    with torch.random.fork_rng(devices=[]):
        network = nn.Sequential(*(_block() for _ in range(LAYERS))).to(device)
    generator = torch.Generator().manual_seed(0)
    image = torch.randn((BATCH, CHANNELS, SIDE, SIDE, SIDE), generator=generator).to(device)
    if is_last:
        image = channels_last(image, 3)
    prepare(network, 3, is_last=is_last)

    def forward() -> torch.Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
            output: torch.Tensor = network(image)
        return output

    def train() -> None:
        torch.autograd.backward(forward().float().square().mean())

    def infer() -> None:
        with torch.inference_mode():
            forward()

    return train, infer


def _block() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
        nn.InstanceNorm3d(CHANNELS, affine=True),
        nn.LeakyReLU(0.01),
    )


def _ms(call: Callable[[], None], device: torch.device) -> float:
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1000 * (time.perf_counter() - start)
