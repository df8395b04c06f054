"""Load cases, and draw augmented patches from them for as long as training wants.

Batch number n of a seed is a function of (seed, n) alone: resuming needs one number, and a batch
can be made ahead of time without changing it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray

from uxnet_compiler.data.augment import Augmentation, cut
from uxnet_compiler.data.decathlon import Dataset
from uxnet_compiler.data.fingerprint import read_case
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.preprocess import preprocess, preprocess_label
from uxnet_compiler.errors import DataError

_PLACES_PER_CLASS = 10_000  # enough to hit every part of an organ

_Batch = tuple[torch.Tensor, torch.Tensor]


class LoadedCase(TypedDict):
    """A preprocessed case in memory.

    Shape:
        image  (C, D, H, W) or (C, H, W), float32
        label  (1, D, H, W) or (1, H, W), int16
    """

    id: str
    image: torch.Tensor
    label: torch.Tensor


def load_cases(
    dataset: Dataset,
    ids: Sequence[str],
    plan: Plan,
    progress: Callable[[int, int], None] | None = None,
) -> list[LoadedCase]:
    """Read and preprocess the cases with the given ids, in their order.

    Raises:
        DataError: An id is not in the data set, or a case cannot be used.
    """
    by_id = {case.id: case for case in dataset.cases}
    loaded: list[LoadedCase] = []
    for done, name in enumerate(ids, start=1):
        if name not in by_id:
            raise DataError(f"{dataset.root}: no case with the id {name!r} in dataset.json")
        image, label = read_case(dataset, by_id[name])
        resampled = preprocess_label(label, image, plan)
        loaded.append(
            LoadedCase(
                id=name,
                image=torch.from_numpy(preprocess(image, plan)),
                label=torch.from_numpy(resampled[None]),
            )
        )
        if progress is not None:
            progress(done, len(ids))
    return loaded


class PatchBatches(Iterator[_Batch]):
    """Draw batches without end: every second patch holds a foreground voxel of a random class.

    A case smaller than the patch is padded with 0 (the mean after normalisation, and what MONAI's
    sliding window pads with) and the class background.
    """

    def __init__(
        self,
        cases: Sequence[LoadedCase],
        plan: Plan,
        *,
        batch_size: int,
        augment: bool,
        seed: int,
        mirror: bool = False,
        ahead: int = 0,
    ) -> None:
        if not cases:
            raise DataError("no case to draw patches from; at least one is needed")
        self._cases = cases
        self._places = [_places(case["label"]) for case in cases]
        self._patch_size = plan.patch_size
        self._batch_size = batch_size
        self._augmentation = Augmentation(plan, mirror=mirror) if augment else None
        self._seed = seed
        self._next = 0
        self._ahead = ahead
        self._waiting: deque[Future[_Batch]] = deque()
        self._worker = ThreadPoolExecutor(1) if ahead else None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Batch:
        """Draw the next batch.

        Shape:
            image  (B, C, D, H, W) or (B, C, H, W), float32
            label  (B, 1, D, H, W) or (B, 1, H, W), int64
        """
        if self._worker is None:
            batch = self._make(self._next)
        else:
            while len(self._waiting) <= self._ahead:
                number = self._next + len(self._waiting)
                self._waiting.append(self._worker.submit(self._make, number))
            batch = self._waiting.popleft().result()
        self._next += 1
        return batch

    def state(self) -> dict[str, int]:
        """Return what `restore` needs to go on with the batch after the last one."""
        return {"seed": self._seed, "next": self._next}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where the iterator that gave this state was."""
        while self._waiting:
            self._waiting.pop().cancel()
        self._seed, self._next = int(state["seed"]), int(state["next"])

    def _make(self, number: int) -> _Batch:
        random = np.random.default_rng((self._seed, number))
        samples = [self._draw(random, foreground=i % 2 == 1) for i in range(self._batch_size)]
        images, labels = zip(*samples, strict=True)
        return torch.stack(images), torch.stack(labels).long()

    def _draw(
        self, random: np.random.Generator, *, foreground: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        index = int(random.integers(len(self._cases)))
        case, places = self._cases[index], self._places[index]
        shape = tuple(case["label"].shape[1:])
        if foreground and places:
            voxels = places[int(random.integers(len(places)))]
            flat = int(voxels[int(random.integers(len(voxels)))])
            centre = [int(i) for i in np.unravel_index(flat, shape)]
            start = [at - size // 2 for at, size in zip(centre, self._patch_size, strict=True)]
        else:
            start = [
                int(random.integers(min(0, have - size), max(0, have - size) + 1))
                for have, size in zip(shape, self._patch_size, strict=True)
            ]
        start = [
            min(max(at, min(0, have - size)), max(0, have - size))
            for at, have, size in zip(start, shape, self._patch_size, strict=True)
        ]
        if self._augmentation is None:
            return (
                cut(case["image"], start, self._patch_size),
                cut(case["label"], start, self._patch_size),
            )
        return self._augmentation(case["image"], case["label"], start, random)


def patch_batches(
    cases: Sequence[LoadedCase],
    plan: Plan,
    *,
    batch_size: int,
    augment: bool,
    seed: int,
    mirror: bool = False,
    ahead: int = 0,
) -> PatchBatches:
    """Draw batches of the plan's patches from loaded cases; see `PatchBatches`.

    Args:
        cases: Cases from `load_cases`.
        plan: Says how large a patch is, and whether turning it across slices makes sense.
        batch_size: Patches in a batch.
        augment: Whether patches are varied at random.
        seed: Each seed gives another sequence of batches, always the same.
        mirror: Whether they are flipped, too, when they are varied.
        ahead: Batches that a thread makes in advance; worth it where a GPU trains.

    Raises:
        DataError: There is no case.
    """
    return PatchBatches(
        cases,
        plan,
        batch_size=batch_size,
        augment=augment,
        seed=seed,
        mirror=mirror,
        ahead=ahead,
    )


def _places(label: torch.Tensor) -> list[NDArray[np.int64]]:
    """List, per foreground class of a case, flat indices of voxels evenly spread over it."""
    flat = label.numpy().ravel()
    places = []
    for value in np.unique(flat[flat > 0]):
        voxels = np.flatnonzero(flat == value)
        places.append(voxels[:: max(1, -(-len(voxels) // _PLACES_PER_CLASS))])
    return places
