"""The gradient of the architecture through a step of the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from uxnet_compiler.machine.processes import average_

Loss = Callable[[], Tensor]
STEP = 0.01
"""Length of the finite difference, of all weights together (as in DARTS)."""


def gradients(loss: Tensor, leaves: Sequence[Tensor], *, keep: bool = False) -> list[Tensor]:
    """Return the gradient for each leaf, zero where the loss does not depend on it.

    Args:
        loss: A scalar.
        leaves: What the gradients are for.
        keep: Whether other losses hang on the same draw, so that its graph has to stay.
    """
    found: tuple[Tensor | None, ...] = torch.autograd.grad(
        loss, leaves, allow_unused=True, retain_graph=keep
    )
    return [
        torch.zeros_like(leaf) if gradient is None else gradient
        for leaf, gradient in zip(leaves, found, strict=True)
    ]


def unrolled_gradients(
    train: Loss,
    held_out: Loss,
    weights: Sequence[Tensor],
    architecture: Sequence[Tensor],
    rate: float,
) -> tuple[Tensor, list[Tensor]]:
    """Return the held-out loss after a step of the weights, and its architecture gradients.

    The weights are as before afterwards, to the last bit. Of several processes each returns the
    gradients of its own part of the batches, through the step that all of them take together.

    Maths:
        w' = w - rate grad_w L_train(w, a), v = grad_w' L_val(w', a), e = 0.01 / |v|
        grad_a L_val(w', a) - rate (grad_a L_train(w + e v, a) - grad_a L_train(w - e v, a)) / 2e

    Source:
        Liu et al., "DARTS", ICLR 2019, Eq. 7 and 8.

    Args:
        train: Computes L_train from the tensors as they stand.
        held_out: Computes L_val likewise.
        weights: Changed in place, and put back.
        architecture: What the gradients are for.
        rate: Length of the step of the weights.
    """
    before = [w.detach().clone() for w in weights]
    try:
        step_of_weights = gradients(train(), weights, keep=True)
        average_(step_of_weights)
        _move(weights, before, step_of_weights, -rate)
        loss = held_out()
        found = gradients(loss, [*weights, *architecture], keep=True)
        direction, direct = found[: len(weights)], found[len(weights) :]
        average_(direction)
        size = float(torch.stack([d.square().sum() for d in direction]).sum().sqrt())
        if size == 0:
            return loss.detach(), direct
        step = STEP / size
        _move(weights, before, direction, step)
        ahead = gradients(train(), architecture, keep=True)
        _move(weights, before, direction, -step)
        behind = gradients(train(), architecture, keep=True)
    finally:
        with torch.no_grad():
            for w, saved in zip(weights, before, strict=True):
                w.copy_(saved)
    scale = rate / (2 * step)
    made = [d - scale * (a - b) for d, a, b in zip(direct, ahead, behind, strict=True)]
    return loss.detach(), made


@torch.no_grad()
def _move(
    weights: Sequence[Tensor],
    start: Sequence[Tensor],
    direction: Sequence[Tensor],
    step: float,
) -> None:
    for w, s, d in zip(weights, start, direction, strict=True):
        w.copy_(s + step * d)
