"""How weights move: optimiser, learning rate over the budget, and their running average."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.weights import plain

FLOOR = 0.01  # of the highest learning rate: what warm-up starts from and decay ends at


def make_optimiser(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the optimiser; norms and biases do not decay."""
    groups: list[dict[str, Any]] = [
        {"params": [p for p in network.parameters() if p.ndim > 1]},
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    lr, decay = config.highest_lr, config.weight_decay
    if config.optimiser == "sgd":
        return torch.optim.SGD(groups, lr, momentum=0.99, nesterov=True, weight_decay=decay)
    return torch.optim.AdamW(groups, lr, weight_decay=decay)


def learning_rate(config: TrainConfig, used: float) -> float:
    """Return the learning rate when part `used` (0 to 1) of the budget is used up.

    It rises linearly during the warm-up and falls as a half cosine to nearly nothing.
    """
    if used < config.warmup:
        return config.highest_lr * (FLOOR + (1 - FLOOR) * used / config.warmup)
    part = min(1.0, (used - config.warmup) / (1 - config.warmup))
    return config.highest_lr * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * part)))


class Average:
    """Keep the running average of a network's weights, without the heads of deep supervision.

    Maths:
        a <- d a + (1 - d) w,  d = min(decay, (1 + n) / (10 + n)) after n steps,

        so that the fresh weights are soon forgotten. Counters are copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self._count = 0
        self.weights = {name: w.detach().clone() for name, w in plain(network.state_dict()).items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take the weights of one more step in."""
        self._count += 1
        decay = min(self._decay, (1 + self._count) / (10 + self._count))
        for name, now in plain(network.state_dict()).items():
            if now.is_floating_point():
                self.weights[name].lerp_(now, 1 - decay)
            else:
                self.weights[name].copy_(now)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {"count": self._count, "weights": self.weights}

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._count = state["count"]
        for name, value in self.weights.items():
            value.copy_(state["weights"][name])
