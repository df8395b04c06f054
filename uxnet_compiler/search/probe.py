"""Ask a trained supernet for its loss on fixed patches, of many mixtures that differ a little."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from monai.losses.dice import DiceCELoss
from numpy.typing import NDArray
from torch import Tensor

from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.perturbation import Change
from uxnet_compiler.search.supernet import Supernet, Weights

WORST = 100.0
"""Loss of a variant that overflows."""


class Probe:
    """The loss of a trained supernet's mixtures on fixed patches.

    Of a variant only those nodes are computed that see another weight than in its base.

    Args:
        supernet: With trained weights, on any device.
        batches: Patches and their labels.
        precision: That it was trained in.
    """

    def __init__(
        self, supernet: Supernet, batches: Sequence[tuple[Tensor, Tensor]], precision: Precision
    ) -> None:
        self._supernet = supernet
        self._batches = batches
        self._precision = precision
        self._loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)

    @torch.inference_mode()
    def __call__(
        self, bases: Sequence[Weights], changes: Sequence[Change], told: Callable[[float], None]
    ) -> NDArray[np.float64]:
        """Return the loss of each patch, of the bases in the first row; see `Losses`.

        Raises:
            RunError: The loss of a base is not a number.
        """
        device = next(self._supernet.parameters()).device
        columns = []
        for number, (image, label) in enumerate(self._batches):
            base = bases[number % len(bases)]
            given, truth = image.to(device), label.to(device)
            if self._precision.channels_last:
                given = channels_last(given, self._supernet.space.spatial_dims)
            values: dict[str, Tensor] = {}
            rows = [self._losses(given, truth, base, keep=values)]
            if not np.isfinite(rows).all():
                raise RunError(
                    "the trained supernet's loss is not a number on held-out patches; try"
                    " --precision float32"
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

    def _losses(
        self, image: Tensor, label: Tensor, weights: Weights, **values: Mapping[str, Tensor]
    ) -> list[float]:
        low = self._precision.dtype == "bfloat16"
        with torch.autocast(image.device.type, torch.bfloat16, enabled=low):
            logits = self._supernet(image, weights, **values).float()
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
