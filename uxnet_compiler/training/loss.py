"""The loss of a segmentation: Dice and cross-entropy, at one resolution or at several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from uxnet_compiler.machine.processes import sum_of_all

SMOOTH = 1e-5  # a class that is neither there nor guessed counts as right


class SegmentationLoss(nn.Module):
    """Add Dice loss (foreground, over the whole batch) and cross-entropy.

    Dice is taken over the batch as a whole, that of all processes together: a patch without an
    organ does not throw the loss about.

    Maths:
        Dice_k = 1 - (2 sum p_k t_k + s) / (sum p_k + sum t_k + s), averaged over k > 0
        L = sum_i w_i L_i,  w_i = 2^-i / sum_j 2^-j  over the resolutions, full one first
    """

    def forward(
        self, logits: torch.Tensor | Sequence[torch.Tensor], label: torch.Tensor
    ) -> torch.Tensor:
        """Compare logits with labels.

        Shape:
            logits  (B, K, D, H, W), or several, full resolution first
            label   (B, 1, D, H, W), whole numbers
        """
        several = [logits] if isinstance(logits, torch.Tensor) else list(logits)
        weights = [2.0**-level for level in range(len(several))]
        total = torch.zeros((), device=label.device)
        for weight, one in zip(weights, several, strict=True):
            total = total + weight * _compare(one.float(), _resized(label, one.shape[2:]))
        return total / sum(weights)


def _compare(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    truth = functional.one_hot(label[:, 0].long(), logits.shape[1]).movedim(-1, 1)[:, 1:]
    guess = logits.softmax(1)[:, 1:]
    voxels = [axis for axis in range(logits.dim()) if axis != 1]
    both = sum_of_all((guess * truth).sum(voxels))
    sizes = sum_of_all((guess + truth).sum(voxels))
    dice = (2 * both + SMOOTH) / (sizes + SMOOTH)
    # The mean is taken apart: cross_entropy's own adds in an order that changes on a GPU.
    surprise = functional.cross_entropy(logits, label[:, 0].long(), reduction="none").mean()
    return 1 - dice.mean() + surprise


def _resized(label: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    if label.shape[2:] == shape:
        return label
    return functional.interpolate(label.float(), size=tuple(shape), mode="nearest-exact").long()
