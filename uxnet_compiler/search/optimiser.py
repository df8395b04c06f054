"""An optimiser for gates whose steps follow the size and the noise of the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class SharedAdam(torch.optim.Optimizer):
    """Adam with one second moment for all numbers together.

    Adam scales every parameter's step to the same size, so a gate that the loss hardly knows
    moves as far as one that it depends on. With the second moment shared, steps keep the
    proportions of the (averaged) gradients: what the data do not decide stays where it is.

    Maths:
        m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) mean(g^2), p -= lr m' / (sqrt(v') + eps), where
        ' divides by 1 - b^t

    Source:
        Kingma and Ba, "Adam", ICLR 2015, with the mean taken over all parameters.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-12,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # no closure needed here
        """Take one step along the averaged gradient."""
        assert closure is None
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, p.grad, group)

    def _update(self, p: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[p]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"] = torch.zeros_like(p)
            state["square"] = torch.zeros((), device=p.device)
        first, second = group["betas"]
        state["step"] += 1
        state["mean"].lerp_(gradient, 1 - first)
        state["square"].lerp_(gradient.square().mean(), 1 - second)
        step = float(state["step"])
        mean = state["mean"] / (1 - first**step)
        size = (state["square"] / (1 - second**step)).sqrt() + group["eps"]
        p.sub_(group["lr"] * mean / size)
