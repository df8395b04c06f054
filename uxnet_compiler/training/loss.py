"""The loss of a segmentation: Dice and cross-entropy, at one resolution or at several."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.losses.dice import DiceCELoss
from torch import nn
from torch.nn import functional


class SegmentationLoss(nn.Module):
    """Add Dice loss (foreground, over the whole batch) and cross-entropy.

    Maths:
        L = sum_i w_i L_i,  w_i = 2^-i / sum_j 2^-j  over the resolutions, full one first
    """

    def __init__(self) -> None:
        super().__init__()
        # Dice over the batch as a whole: a patch without an organ does not throw the loss about.
        self._one = DiceCELoss(
            include_background=False,
            to_onehot_y=True,
            softmax=True,
            batch=True,
            smooth_nr=1e-5,
            smooth_dr=1e-5,
        )

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
            total = total + weight * self._one(one.float(), _resized(label, one.shape[2:]))
        return total / sum(weights)


def _resized(label: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    if label.shape[2:] == shape:
        return label
    return functional.interpolate(label.float(), size=tuple(shape), mode="nearest-exact").long()
