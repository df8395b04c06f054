"""The weights of a supernet and how they are trained: what all strategies have in common."""

from __future__ import annotations

import math
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.processes import average_gradients, mean_of_all, sum_of_all
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.diagnosis import first_bad_layer
from uxnet_compiler.search.loss import PatchLoss
from uxnet_compiler.search.strategies.batches import Batch
from uxnet_compiler.search.supernet import Supernet, Weights
from uxnet_compiler.spaces import Space

MAX_GRADIENT = 12.0


class Trainer:
    """Hold a supernet, its optimiser and its loss."""

    def __init__(
        self, space: Space, config: SearchConfig, fabric: Fabric, precision: Precision
    ) -> None:
        self.spatial_dims = space.spatial_dims
        self.weight_lr = config.weight_lr
        self.fabric = fabric
        torch.manual_seed(config.seed)
        share = config.partial_channels if config.relaxation == "partial" else 1
        self.network = Supernet(space, share=share)
        self.channels_last = precision.channels_last
        prepare(self.network, space.spatial_dims, is_last=self.channels_last)
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=config.weight_lr)
        self.model, self.optimiser = fabric.setup(self.network, optimiser)
        self.loss = PatchLoss()

    def rate(self, progress: float) -> float:
        """Return the learning rate: a cosine down to zero."""
        return self.weight_lr * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    def forward(self, batch: Batch, weights: Weights) -> tuple[Tensor, float]:
        """Return the loss, with gradients, and the mean foreground Dice of a batch.

        Raises:
            FloatingPointError: The loss is not finite; the message names the first bad layer.
        """
        image, label = self.fabric.to_device(batch)
        if self.channels_last:
            image = channels_last(image, self.spatial_dims)
        logits = self._logits(image, weights)
        loss = self.loss(logits, label)
        if not math.isfinite(mean_of_all(float(loss.detach()))):
            where = first_bad_layer(self.network, image, lambda: self._logits(image, weights))
            raise FloatingPointError(f"the loss is not a finite number, first seen in {where}")
        return loss, mean_dice(logits.detach(), label)

    def _logits(self, image: Tensor, weights: Weights) -> Tensor:
        # Fabric's wrapper would want its own backward pass, and has nothing else to add here.
        with self.fabric.autocast():
            logits: Tensor = self.network(image, weights)
        return logits.float()

    def step(self, batch: Batch, weights: Weights, progress: float) -> float:
        """Train the weights on a batch and return its loss.

        Raises:
            FloatingPointError: The loss or a gradient is not finite; the weights are as before.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(progress)
        loss, _ = self.forward(batch, weights)
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        average_gradients(self.network.parameters())
        norm = self.fabric.clip_gradients(
            self.model, self.optimiser, max_norm=MAX_GRADIENT, error_if_nonfinite=False
        )
        assert norm is not None
        if not math.isfinite(norm):
            raise FloatingPointError("the gradient of the weights is not a finite number")
        self.optimiser.step()
        return mean_of_all(float(loss.detach()))

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as plain data."""
        return {"supernet": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.network.load_state_dict(state["supernet"])
        self.optimiser.load_state_dict(state["optimiser"])


def mean_dice(logits: Tensor, label: Tensor) -> float:
    """Return the mean Dice over the foreground classes that occur in a batch, of all processes.

    Shape:
        logits  (B, K, D, H, W)
        label   (B, 1, D, H, W)
    """
    guess, truth = logits.argmax(1), label[:, 0]
    counts = []
    for value in range(1, logits.shape[1]):
        is_guess, is_truth = guess == value, truth == value
        counts += [(is_guess & is_truth).sum(), is_guess.sum() + is_truth.sum()]
    found = sum_of_all(torch.stack(counts).view(-1, 2))
    scores = [2 * both / size for both, size in found.tolist() if size]
    return sum(scores) / len(scores) if scores else 1.0
