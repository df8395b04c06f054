"""Time a few steps here, so that the cost of a study is known before it starts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.selftest import choose_precision
from uxnet_compiler.schema import Genotype
from uxnet_compiler.search.adaptation import STEPS
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.decision import measures
from uxnet_compiler.search.strategies import Batch, make_strategy
from uxnet_compiler.search.supernet import drawn_ops, one_hot
from uxnet_compiler.spaces import Space
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.loss import SegmentationLoss

SIDE = {2: 128, 3: 32}  # pixels or voxels of a trial; larger patches take as much longer
REPEATS = 2


@dataclass(frozen=True)
class Pace:
    """Seconds per voxel of a batch, for a step of training and for a forward pass alone."""

    step_s: float
    forward_s: float


class _Noise:
    """An endless sequence of one random batch."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.batch: Batch = (
            torch.randn(shape, generator=generator),
            torch.randint(classes, (shape[0], 1, *shape[2:]), generator=generator),
        )

    def __next__(self) -> Batch:
        return self.batch

    def state(self) -> dict[str, Any]:
        """Return nothing: every batch is the same."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Stay where it is."""


@contextmanager
def using(threads: int | None) -> Iterator[None]:
    """Let torch compute with so many threads in this block; none: as it is."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads or before)
        yield
    finally:
        torch.set_num_threads(before)


def search_pace(space: Space, config: SearchConfig, patch: tuple[int, ...]) -> float:
    """Return the seconds per voxel of a batch that a step of a search takes, warm-up included.

    Training on single networks, where edges and ops are measured, is shared out among the steps.

    Raises:
        RunError: The device is not there.
    """
    device = pick_device(config.device)
    precision = choose_precision(config.precision, device, space.spatial_dims)
    strategy = make_strategy(space, config, make_fabric(device, precision), precision)
    size = _side(patch, _total(space.strides))
    shape = (config.batch_size, space.in_channels, *size)
    noise = _Noise(shape, space.out_channels)
    voxels = config.batch_size * prod(size)

    def at(progress: float) -> float:
        return _least(lambda: strategy.step(noise, noise, progress), device) / voxels

    early = at(0.0) if config.warmup else 0.0
    pace = config.warmup * early + (1 - config.warmup) * at(0.99)
    if measures(config):
        ops = drawn_ops(space, random.Random(0))
        single = one_hot(space, ops, frozenset(space.gates))
        pace += (
            STEPS * _least(lambda: strategy.trainer.step(noise.batch, single, 0.5), device) / voxels
        )
    return pace


def train_pace(genotype: Genotype, config: TrainConfig, patch: tuple[int, ...]) -> Pace:
    """Return how fast a network trains and segments here.

    Raises:
        RunError: The device is not there.
    """
    architecture = genotype.architecture
    device = pick_device(config.device)
    dims = architecture.spatial_dims
    precision = choose_precision(config.precision, device, dims)
    network = genotype.compile(seed=0, deep_supervision=config.deep_supervision)
    prepare(network, dims, is_last=precision.channels_last)
    fabric = make_fabric(device, precision)
    model, optimiser = fabric.setup(network, torch.optim.SGD(network.parameters(), lr=0.0))
    size = _side(patch, architecture.total_stride)
    image, label = fabric.to_device(
        next(
            _Noise((config.batch_size, architecture.in_channels, *size), architecture.out_channels)
        )
    )
    if precision.channels_last:
        image = channels_last(image, dims)
    loss = SegmentationLoss()
    voxels = config.batch_size * prod(size)

    def step() -> None:
        optimiser.zero_grad()
        fabric.backward(loss(model(image), label))
        optimiser.step()

    def forward() -> None:
        with torch.no_grad():
            model(image)

    return Pace(_least(step, device) / voxels, _least(forward, device) / voxels)


def _least(call: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of the fastest of a few calls; the first one warms up."""
    seconds = []
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def _total(strides: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    return tuple(prod(level[axis] for level in strides) for axis in range(len(strides[0])))


def _side(patch: tuple[int, ...], stride: tuple[int, ...]) -> tuple[int, ...]:
    """Cut a patch down to a trial's size; every level still divides it, the deepest keeps 4."""
    most = SIDE[len(patch)]
    return tuple(
        min(size, max(4, most // factor) * factor)
        for size, factor in zip(patch, stride, strict=True)
    )
