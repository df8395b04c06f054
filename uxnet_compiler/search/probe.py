"""Ask a trained supernet how good mixtures and single networks are on fixed patches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.loss import PatchLoss
from uxnet_compiler.search.perturbation import Change
from uxnet_compiler.search.strategies.batches import Batch
from uxnet_compiler.search.supernet import Supernet, Weights

WORST = 100.0
"""Loss of a variant that overflows."""


class Probe:
    """The loss and the Dice of a trained supernet's mixtures on fixed patches.

    The supernet computes as in prediction. Of a variant only those nodes are computed that see
    another weight than in its base.

    Args:
        supernet: With trained weights, on any device.
        batches: Patches and their labels.
        precision: That it was trained in.
    """

    def __init__(self, supernet: Supernet, batches: Sequence[Batch], precision: Precision) -> None:
        self._supernet = supernet
        self._batches = batches
        self._precision = precision
        self._loss = PatchLoss()

    def __call__(
        self, bases: Sequence[Weights], changes: Sequence[Change], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Return the loss of each patch, of the bases in the first row; see `Losses`.

        Raises:
            FloatingPointError: The loss of a base is not a number.
        """
        device = next(self._supernet.parameters()).device
        columns = []
        with _predicting(self._supernet):
            for number, (image, label) in enumerate(self._batches):
                base = bases[number % len(bases)]
                given, truth = image.to(device), label.to(device)
                values: dict[str, Tensor] = {}
                rows = [self._losses(given, truth, base, keep=values)]
                if not np.isfinite(rows).all():
                    raise FloatingPointError(
                        "the trained supernet's loss is not a number on held-out patches"
                    )
                for index, change in enumerate(changes):
                    variant = change(base)
                    names = self._changed(base, variant)
                    known = {name: value for name, value in values.items() if name not in names}
                    rows.append(self._losses(given, truth, variant, known=known))
                    told((number + (index + 1) / len(changes)) / len(self._batches))
                columns.append(np.array(rows))
        losses: NDArray[np.float64] = np.concatenate(columns, axis=1)
        losses[~np.isfinite(losses)] = WORST
        return losses

    def dice(self, bases: Sequence[Weights]) -> float:
        """Return the Dice of mixtures that take turns from batch to batch; see `patch_dice`."""
        turns = cycle(bases)
        device = next(self._supernet.parameters()).device
        with _predicting(self._supernet):
            return patch_dice(lambda image: self._logits(image, next(turns)), self._batches, device)

    def _logits(self, image: Tensor, weights: Weights, **values: Mapping[str, Tensor]) -> Tensor:
        if self._precision.channels_last:
            image = channels_last(image, self._supernet.space.spatial_dims)
        low = self._precision.dtype == "bfloat16"
        with torch.autocast(image.device.type, torch.bfloat16, enabled=low):
            logits: Tensor = self._supernet(image, weights, **values)
        return logits.float()

    def _losses(
        self, image: Tensor, label: Tensor, weights: Weights, **values: Mapping[str, Tensor]
    ) -> list[float]:
        logits = self._logits(image, weights, **values)
        return [float(self._loss(logits[[i]], label[[i]])) for i in range(len(label))]

    def _changed(self, base: Weights, variant: Weights) -> set[str]:
        """Return the nodes that compute something else in a variant."""
        gates = {key for key, gate in base.gates.items() if variant.gates[key] != gate}
        choices = {name for name, each in base.choices.items() if variant.choices[name] != each}
        names: set[str] = set()
        for node in self._supernet.space.nodes:
            into = self._supernet.incoming[node.id]
            if node.slot.choice in choices or any(
                edge.key in gates or edge.slot.choice in choices or edge.source in names
                for edge in into
            ):
                names.add(node.id)
        return names


@contextmanager
def _predicting(supernet: Supernet) -> Iterator[None]:
    training = supernet.training
    supernet.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        supernet.train(training)


@torch.inference_mode()
def patch_dice(
    logits: Callable[[Tensor], Tensor], batches: Iterable[Batch], device: torch.device
) -> float:
    """Return the Dice of what a network finds in patches, a mean over the labels in them.

    Overlaps and sizes are added up over all patches, so that a label with few voxels in one patch
    does not count as much as a whole organ in the next.

    Shape:
        logits   of (B, C, D, H, W) are (B, K, D, H, W)
        batches  of (B, C, D, H, W) and labels (B, 1, D, H, W)
    """
    both: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for image, label in batches:
        found = logits(image.to(device)).float()
        guess, truth = found.argmax(1), label[:, 0].to(device)
        for value in range(1, found.shape[1]):
            is_guess, is_truth = guess == value, truth == value
            both[value] = both.get(value, 0) + int((is_guess & is_truth).sum())
            sizes[value] = sizes.get(value, 0) + int(is_guess.sum()) + int(is_truth.sum())
    scores = [2 * both[value] / size for value, size in sizes.items() if size]
    return round(sum(scores) / len(scores), 6) if scores else 1.0
