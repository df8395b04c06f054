"""Apply a network to a whole image, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from monai.data.utils import compute_importance_map, dense_patch_slices
from numpy.typing import NDArray
from torch.nn.functional import pad

from uxnet_compiler.backends.target import Runner
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.training.scratch import Scratch

WINDOWS_AT_ONCE = 2


class Segmenter:
    """A network that is ready to be applied to preprocessed images of any size.

    The windows have the size of the training patches and overlap by half; where they overlap,
    probabilities are averaged with Gaussian weights.

    Args:
        run: Turns windows into logits.
        plan: For the size of the windows.
        device: Where `run` wants the windows; the sums of the whole image stay on the CPU.
        tta: Average over all flips of each window (test-time augmentation): 2^axes times slower.
    """

    def __init__(
        self,
        run: Runner,
        plan: Plan,
        device: torch.device | str = "cpu",
        *,
        tta: bool = False,
    ) -> None:
        self._run = run
        self._plan = plan
        self._device = torch.device(device)
        axes = range(2, 2 + plan.spatial_dims)
        self._flips: list[tuple[int, ...]] = [()]
        if tta:
            self._flips = [c for n in range(len(axes) + 1) for c in combinations(axes, n)]

    @torch.inference_mode()
    def probabilities(self, image: torch.Tensor) -> torch.Tensor:
        """Return the probability of each class at each voxel.

        Shape:
            image  (C, D, H, W) or (C, H, W), on the plan's grid
            out    (K, D, H, W) or (K, H, W), float32, on the CPU
        """
        sums, inside = self._add_up(image, Scratch())
        probabilities = sums[:-1]
        probabilities /= sums[-1]
        return _at(probabilities, inside)

    def classes(
        self, image: torch.Tensor, scratch: Path | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Yield what `probabilities` returns class by class, so that few lie in memory at once.

        Args:
            image: As for `probabilities`.
            scratch: Folder for the sums while it works; in memory when not given.

        Raises:
            RunError: The folder cannot hold them.
        """
        room = Scratch(scratch)
        with torch.inference_mode():
            sums, inside = self._add_up(image, room)
        for one in sums[:-1]:
            yield (one[inside] / sums[-1][inside]).numpy()
            room.release()

    def _add_up(self, image: torch.Tensor, room: Scratch) -> tuple[torch.Tensor, tuple[slice, ...]]:
        """Return the weighted sum of each class, then that of the weights, and where the image is.

        These are the steps of MONAI's `sliding_window_inference`, which keeps its sums in memory.
        """
        patch = self._plan.patch_size
        padded, inside = _pad(image.float(), patch)
        steps = [
            size if size == whole else max(size // 2, 1)
            for size, whole in zip(patch, padded.shape[1:], strict=True)
        ]
        places = dense_patch_slices(padded.shape[1:], patch, steps)
        weights = compute_importance_map(patch, mode="gaussian", device=self._device)
        sums = torch.empty(0)
        for start in range(0, len(places), WINDOWS_AT_ONCE):
            here = places[start : start + WINDOWS_AT_ONCE]
            windows = torch.stack([_at(padded, place) for place in here])
            found = (self._average(windows.to(self._device)) * weights).cpu()
            if start == 0:
                sums = room.zeros((1 + found.shape[1], *padded.shape[1:]))
            for place, one in zip(here, found, strict=True):
                _at(sums[:-1], place).add_(one)
                _at(sums[-1:], place).add_(weights.cpu())
            room.release()
        return sums, inside

    def _average(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the probabilities of windows, averaged over their flips."""
        total = torch.zeros((), device=windows.device)
        for axes in self._flips:
            logits = self._run(windows.flip(axes))
            total = total + logits.float().softmax(dim=1).flip(axes)
        return total / len(self._flips)


def _at(maps: torch.Tensor, place: tuple[slice, ...]) -> torch.Tensor:
    """Return the part of all maps (C, D, H, W) or (C, H, W) that lies there."""
    return maps[(slice(None), *place)]


def _pad(image: torch.Tensor, patch: tuple[int, ...]) -> tuple[torch.Tensor, tuple[slice, ...]]:
    """Surround an image with zeros so that a patch fits in, and say where the image is then."""
    sizes = image.shape[1:]
    missing = [max(wanted - size, 0) for wanted, size in zip(patch, sizes, strict=True)]
    inside = tuple(
        slice(lack // 2, lack // 2 + size) for lack, size in zip(missing, sizes, strict=True)
    )
    if not any(missing):
        return image, inside
    margins = [side for lack in reversed(missing) for side in (lack // 2, lack - lack // 2)]
    return pad(image, margins), inside
