"""Differentiable search: one half of the cases trains weights, the other the architecture.

Source:
    UXNet, section 2.3 and Fig. 2 (joint bi-level optimisation); Liu et al., "DARTS", ICLR 2019.
"""

from __future__ import annotations

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from uxnet_compiler.machine.processes import average_gradients, mean_of_all
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.optimiser import SharedAdam
from uxnet_compiler.search.sampling import make_relaxation
from uxnet_compiler.search.strategies.base import Penalty, Step, Strategy
from uxnet_compiler.search.strategies.batches import Batch, Batches
from uxnet_compiler.search.strategies.trainer import Trainer
from uxnet_compiler.search.strategies.unrolled import gradients, unrolled_gradients
from uxnet_compiler.search.supernet import Weights
from uxnet_compiler.spaces import FAMILIES, Space

DICE_MEMORY = 0.9


class BiLevel(Strategy):
    """Train the weights and the architecture of a supernet in turns.

    Maths:
        w <- w - lr grad L_train(w, a)
        a <- a - lr grad [L_val(w, a) + pressure mean(g) + polarise(t) J(g) + penalty(a)]

        with J, the family's regulariser, ramped up linearly from the end of the warm-up on: at
        full weight from the start it would only freeze the first noise. In second order,
        L_val(w - lr grad L_train(w, a), a) takes the place of L_val(w, a).
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
        self.trainer = Trainer(space, config, fabric, precision)
        self.network = self.trainer.network
        self.relaxation = make_relaxation(space, config).to(fabric.device)
        self.optimisers: list[torch.optim.Optimizer] = []
        if list(self.relaxation.alphas):
            self.optimisers.append(torch.optim.Adam(self.relaxation.alphas, lr=config.alpha_lr))
        if space.gates:
            self.optimisers.append(SharedAdam([self.relaxation.beta], lr=config.beta_lr))
        self.dice: float | None = None

    def step(self, train: Batches, held_out: Batches, progress: float) -> Step:
        """Take one step on either half; during the warm-up, on the first alone."""
        searching = progress >= self.config.warmup and bool(self.optimisers)
        batch = next(train)
        found = self._architecture_step(batch, next(held_out), progress) if searching else None
        with torch.no_grad():
            weights = self._draw(progress, searching=searching)
        return Step(self.trainer.step(batch, weights, progress), found, self.dice)

    def _draw(self, progress: float, *, searching: bool) -> Weights:
        weights = self.relaxation.draw(progress, searching=searching)
        if self.config.auxiliary_skip:
            weights.skip = 1.0 - min(1.0, progress)
        return weights

    def _architecture_step(self, train: Batch, held_out: Batch, progress: float) -> float:
        weights = self._draw(progress, searching=True)
        parameters = [
            p for optimiser in self.optimisers for g in optimiser.param_groups for p in g["params"]
        ]
        scores: list[float] = []

        def loss_on(batch: Batch) -> Tensor:
            loss, dice = self.trainer.forward(batch, weights)
            scores.append(dice)
            return loss

        if self.config.order == "second":
            loss, found = unrolled_gradients(
                lambda: loss_on(train),
                lambda: loss_on(held_out),
                [p for p in self.network.parameters() if p.requires_grad],
                parameters,
                self.trainer.rate(progress),
            )
            dice = scores[1]  # the first is of the step of the weights
        else:
            loss = loss_on(held_out)
            found = gradients(loss, parameters)
            dice = scores[0]
        asked = self._asked(progress)
        if asked is not None:
            extra = gradients(asked, parameters)
            found = [gradient + more for gradient, more in zip(found, extra, strict=True)]
        for p, gradient in zip(parameters, found, strict=True):
            p.grad = gradient
        average_gradients(parameters)
        if not all(torch.isfinite(gradient).all() for gradient in found):
            raise FloatingPointError("the gradient of the architecture is not a finite number")
        for optimiser in self.optimisers:
            optimiser.step()
        self.dice = (
            dice if self.dice is None else DICE_MEMORY * self.dice + (1 - DICE_MEMORY) * dice
        )
        return mean_of_all(float(loss.detach()))

    def _asked(self, progress: float) -> Tensor | None:
        """Return what the architecture pays apart from the loss; it does not hang on a draw."""
        config, total = self.config, None
        if self.space.gates:
            gates = self.relaxation.gates()
            ramp = (progress - config.warmup) / (1 - config.warmup)
            total = config.pressure * gates.mean()
            total = total + config.polarise * ramp * self.regulariser(gates)
        if self.penalty is not None:
            price = self.penalty(self.relaxation.weights())
            total = price if total is None else total + price
        return total if total is not None and total.requires_grad else None

    def evidence(self) -> Evidence:
        """Return all gates and preferences as they stand, rounded to six digits."""
        return self.relaxation.evidence()

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as plain data."""
        return {
            "trainer": self.trainer.state(),
            "relaxation": self.relaxation.state(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "dice": self.dice,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.trainer.restore(state["trainer"])
        self.relaxation.restore(state["relaxation"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.dice = state["dice"]
