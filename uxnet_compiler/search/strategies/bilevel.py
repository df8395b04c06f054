"""Differentiable search: one half of the cases trains weights, the other the architecture.

Source:
    UXNet, section 2.3 and Fig. 2 (joint bi-level optimisation); Liu et al., "DARTS", ICLR 2019,
    first-order approximation.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from lightning_fabric import Fabric
from monai.losses.dice import DiceCELoss
from torch import Tensor

from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last, channels_last_
from uxnet_compiler.machine.processes import average_gradients, mean_of_all
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.optimiser import SharedAdam
from uxnet_compiler.search.relaxation import Relaxation
from uxnet_compiler.search.strategies.base import Batch, Batches, Penalty, Step, Strategy
from uxnet_compiler.search.supernet import Supernet, Weights, all_open
from uxnet_compiler.spaces import FAMILIES, Space

MAX_GRADIENT = 12.0
DICE_MEMORY = 0.9


class BiLevel(Strategy):
    """Train the weights and the architecture of a supernet in turns.

    Maths:
        w <- w - lr grad L_train(w, a)
        a <- a - lr grad [L_val(w, a) + pressure mean(g) + polarise(t) J(g) + penalty(a)]

        with J, the family's regulariser, ramped up linearly from the end of the warm-up on: at
        full weight from the start it would only freeze the first noise.
    """

    def __init__(
        self,
        space: Space,
        config: SearchConfig,
        fabric: Fabric,
        precision: Precision,
        *,
        penalty: Penalty | None = None,
    ) -> None:
        self.space = space
        self.config = config
        self.penalty = penalty
        self.regulariser = FAMILIES[config.family].regulariser
        self.fabric = fabric
        torch.manual_seed(config.seed)
        self.network = Supernet(space)
        self.channels_last = precision.channels_last
        if self.channels_last:
            channels_last_(self.network, space.spatial_dims)
        guard(self.network)
        self.relaxation = Relaxation(space, config.gates, config.seed).to(fabric.device)
        weights = torch.optim.AdamW(self.network.parameters(), lr=config.weight_lr)
        self.model, self.weight_optimiser = fabric.setup(self.network, weights)
        self.optimisers: list[torch.optim.Optimizer] = []
        if list(self.relaxation.alphas):
            self.optimisers.append(torch.optim.Adam(self.relaxation.alphas, lr=config.alpha_lr))
        if space.gates:
            self.optimisers.append(SharedAdam([self.relaxation.beta], lr=config.beta_lr))
        self.loss = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)
        self.dice: float | None = None

    def step(self, train: Batches, held_out: Batches, progress: float) -> Step:
        """Take one step on either half; during the warm-up, on the first alone."""
        searching = progress >= self.config.warmup and bool(self.optimisers)
        found = self._architecture_step(next(held_out), progress) if searching else None
        rate = self.config.weight_lr * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        for group in self.weight_optimiser.param_groups:
            group["lr"] = rate
        with torch.no_grad():
            weights = self.relaxation.weights() if searching else all_open(self.space)
        loss, _ = self._forward(next(train), weights)
        self.weight_optimiser.zero_grad()
        self.fabric.backward(loss)
        average_gradients(self.network.parameters())
        self.fabric.clip_gradients(
            self.model, self.weight_optimiser, max_norm=MAX_GRADIENT, error_if_nonfinite=False
        )
        self.weight_optimiser.step()
        return Step(mean_of_all(float(loss.detach())), found, self.dice)

    def _architecture_step(self, batch: Batch, progress: float) -> float:
        config = self.config
        weights = self.relaxation.weights()
        loss, dice = self._forward(batch, weights)
        total = loss
        if self.space.gates:
            gates = self.relaxation.gates()
            ramp = (progress - config.warmup) / (1 - config.warmup)
            total = (
                total
                + config.pressure * gates.mean()
                + config.polarise * ramp * self.regulariser(gates)
            )
        if self.penalty is not None:
            total = total + self.penalty(weights)
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        self.fabric.backward(total)
        average_gradients(self.relaxation.parameters())
        for optimiser in self.optimisers:
            optimiser.step()
        self.dice = (
            dice if self.dice is None else DICE_MEMORY * self.dice + (1 - DICE_MEMORY) * dice
        )
        return mean_of_all(float(loss.detach()))

    def _forward(self, batch: Batch, weights: Weights) -> tuple[Tensor, float]:
        image, label = self.fabric.to_device(batch)
        if self.channels_last:
            image = channels_last(image, self.space.spatial_dims)
        logits = self.model(image, weights).float()
        loss = self.loss(logits, label)
        if not math.isfinite(mean_of_all(float(loss.detach()))):
            raise FloatingPointError("the loss is not a finite number; try --precision float32")
        return loss, mean_of_all(mean_dice(logits.detach(), label))

    def evidence(self) -> Evidence:
        """Return all gates and preferences as they stand, rounded to six digits."""
        return self.relaxation.evidence()

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as plain data."""
        return {
            "supernet": self.network.state_dict(),
            "relaxation": self.relaxation.state_dict(),
            "weight_optimiser": self.weight_optimiser.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "dice": self.dice,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.network.load_state_dict(state["supernet"])
        self.relaxation.load_state_dict(state["relaxation"])
        self.weight_optimiser.load_state_dict(state["weight_optimiser"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.dice = state["dice"]


def mean_dice(logits: Tensor, label: Tensor) -> float:
    """Return the mean Dice over the foreground classes that occur in a batch.

    Shape:
        logits  (B, K, D, H, W)
        label   (B, 1, D, H, W)
    """
    guess = logits.argmax(1)
    truth = label[:, 0]
    scores = []
    for value in range(1, logits.shape[1]):
        size = int((truth == value).sum()) + int((guess == value).sum())
        if size:
            both = int(((truth == value) & (guess == value)).sum())
            scores.append(2 * both / size)
    return sum(scores) / len(scores) if scores else 1.0
