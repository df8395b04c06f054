"""Draw augmented patches from loaded cases for as long as training wants.

Batch number n of a seed is a function of (seed, n) alone: resuming needs one number, and a batch
can be made ahead of time, by any thread, without changing it. Several processes share a batch:
each makes its part of what one process would make.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch

from uxnet_compiler.data.augment import Augmentation, Chance, cut
from uxnet_compiler.data.cases import LoadedCase
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.errors import DataError

_MOST_WORKERS = 8

_Batch = tuple[torch.Tensor, torch.Tensor]


PAIR = 2
"""Patches that are drawn together where nothing is trained: one anywhere, one with foreground."""


@dataclass(frozen=True)
class Feed:
    """How batches are made before they are asked for.

    Attributes:
        workers: Threads that make them; 0 makes each batch when it is asked for.
        ahead: Batches that are made, or in the making, beyond the one that is given out.
        pinned: Whether they lie in memory that a GPU can fetch from while it computes.
    """

    workers: int = 0
    ahead: int = 0
    pinned: bool = False

    @classmethod
    def of(cls, device: torch.device, *, processes: int = 1) -> Self:
        """Choose what suits a device.

        Where the network itself computes on the cores, one thread makes the next batch beside it.
        Where a GPU computes, half of the cores do, shared by the processes on this machine.
        """
        if device.type == "cpu":
            return cls(workers=1, ahead=2)
        cores = len(os.sched_getaffinity(0)) // (2 * processes)
        workers = min(max(cores, 1), _MOST_WORKERS)
        return cls(workers=workers, ahead=2 * workers, pinned=True)


def _one_core_each(count: int) -> ThreadPoolExecutor:
    """Return running threads in each of which torch computes on one core.

    By default it takes all cores in each of them. OpenMP would then see more threads than cores,
    and let all of them fall asleep after every loop, those of the network, too: on two cores a
    training step took a fifth longer.
    """
    own = torch.get_num_threads()
    all_run = threading.Barrier(count + 1)
    threads = ThreadPoolExecutor(count, initializer=_take_one_core)
    for _ in range(count):
        threads.submit(all_run.wait)
    all_run.wait()
    torch.set_num_threads(own)  # the last number that was set is that of threads to come
    return threads


def _take_one_core() -> None:
    torch.set_num_threads(1)
    torch.get_num_threads()  # from here on this thread no longer asks what was set last


@dataclass(frozen=True)
class _Choice:
    """Which patch of which case, and how it is varied."""

    case: LoadedCase
    start: list[int]
    chance: Chance | None


class PatchBatches(Iterator[_Batch]):
    """Draw batches without end: every second patch holds a foreground voxel of a random class.

    A case smaller than the patch is padded with 0 (the mean after normalisation, and what MONAI's
    sliding window pads with) and the class background.

    Args:
        cases: Cases from `load_cases`.
        plan: Says how large a patch is, and whether turning it across slices makes sense.
        batch_size: Patches in a batch.
        augment: Whether patches are varied at random.
        seed: Each seed gives another sequence of batches, always the same.
        mirror: Whether they are flipped, too, when they are varied.
        feed: How batches are made in advance; it changes nothing in them.
        part: Which part of each batch this process makes, from 0 on. All processes together make
            what one would make with a batch of `parts * batch_size`.
        parts: Count of processes that share each batch.

    Attributes:
        waited_s: Seconds that the caller has waited for batches.

    Raises:
        DataError: There is no case.
    """

    def __init__(  # noqa: PLR0913 (each says something else about the batches)
        self,
        cases: Sequence[LoadedCase],
        plan: Plan,
        *,
        batch_size: int,
        augment: bool,
        seed: int,
        mirror: bool = False,
        feed: Feed | None = None,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        if not cases:
            raise DataError("no case to draw patches from; at least one is needed")
        assert 0 <= part < parts, (part, parts)
        self.waited_s = 0.0
        self._cases = cases
        self._plan = plan
        self._batch_size = batch_size
        self._augment = augment
        self._mirror = mirror
        self._seed = seed
        self._feed = feed or Feed()
        self._part = part
        self._parts = parts
        self._next = 0
        self._waiting: deque[Future[_Batch]] = deque()
        self._threads = _one_core_each(self._feed.workers) if self._feed.workers else None
        self._own = threading.local()  # MONAI's transforms carry the state of their chance

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Batch:
        """Draw the next batch.

        Shape:
            image  (B, C, D, H, W) or (B, C, H, W), float32
            label  (B, 1, D, H, W) or (B, 1, H, W), int64
        """
        asked_s = time.monotonic()
        if self._threads is None:
            batch = self._make(self._seed, self._next)
        else:
            while len(self._waiting) <= self._feed.ahead:
                number = self._next + len(self._waiting)
                self._waiting.append(self._threads.submit(self._make, self._seed, number))
            batch = self._waiting.popleft().result()
        self._next += 1
        self.waited_s += time.monotonic() - asked_s
        return batch

    def state(self) -> dict[str, float]:
        """Return what `restore` needs to go on with the batch after the last one."""
        return {"seed": self._seed, "next": self._next, "waited_s": self.waited_s}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where the iterator that gave this state was."""
        while self._waiting:
            self._waiting.pop().cancel()
        self._seed, self._next = int(state["seed"]), int(state["next"])
        self.waited_s = float(state["waited_s"])

    def unvaried(self, seed: int) -> PatchBatches:
        """Draw patches of the same cases as they are, two at a time, with a seed of their own.

        They are the same for every size of batch and number of processes.
        """
        return PatchBatches(self._cases, self._plan, batch_size=PAIR, augment=False, seed=seed)

    def _make(self, seed: int, number: int) -> _Batch:
        random = np.random.default_rng((seed, number))
        together = self._parts * self._batch_size
        # Chance decides for the patches of every process, so that each knows its own.
        choices = [
            self._choose(random, foreground=(number * together + i) % 2 == 1)
            for i in range(together)
        ]
        first = self._part * self._batch_size
        made = [self._draw(choice) for choice in choices[first : first + self._batch_size]]
        images, labels = zip(*made, strict=True)
        image, label = torch.stack(images), torch.stack(labels).long()
        return (image.pin_memory(), label.pin_memory()) if self._feed.pinned else (image, label)

    def _choose(self, random: np.random.Generator, *, foreground: bool) -> _Choice:
        case = self._cases[int(random.integers(len(self._cases)))]
        size, places = self._plan.patch_size, case["places"]
        shape = tuple(case["label"].shape[1:])
        if foreground and places:
            voxels = places[int(random.integers(len(places)))]
            flat = int(voxels[int(random.integers(len(voxels)))])
            centre = [int(i) for i in np.unravel_index(flat, shape)]
            start = [at - wanted // 2 for at, wanted in zip(centre, size, strict=True)]
        else:
            start = [
                int(random.integers(min(0, have - wanted), max(0, have - wanted) + 1))
                for have, wanted in zip(shape, size, strict=True)
            ]
        start = [
            min(max(at, min(0, have - wanted)), max(0, have - wanted))
            for at, have, wanted in zip(start, shape, size, strict=True)
        ]
        return _Choice(case, start, Chance.draw(random) if self._augment else None)

    def _draw(self, choice: _Choice) -> tuple[torch.Tensor, torch.Tensor]:
        image, label = choice.case["image"], choice.case["label"]
        if choice.chance is None:
            size = self._plan.patch_size
            return cut(image, choice.start, size), cut(label, choice.start, size)
        if not hasattr(self._own, "augmentation"):
            self._own.augmentation = Augmentation(self._plan, mirror=self._mirror)
        varied: tuple[torch.Tensor, torch.Tensor] = self._own.augmentation(
            image, label, choice.start, choice.chance
        )
        return varied
