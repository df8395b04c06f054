"""The loss of a search: Dice and cross-entropy, each patch by itself."""

from __future__ import annotations

import torch
from monai.losses.dice import DiceLoss
from torch.nn import functional


class PatchLoss(DiceLoss):
    """Add Dice loss (foreground, mean over patches and classes) and cross-entropy.

    Every patch has a loss of its own, so that edges and ops can be compared patch by patch;
    trainings take Dice over the batch.

    Source:
        MONAI's DiceCELoss, whose cross-entropy adds up voxels in an order that changes from run to
        run on a GPU; here the order is fixed.
    """

    def __init__(self) -> None:
        super().__init__(softmax=True, to_onehot_y=True, include_background=False)

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:  # noqa: A002 (as in MONAI)
        """Compare logits with labels.

        Shape:
            input   (B, K, D, H, W), logits
            target  (B, 1, D, H, W), whole numbers
        """
        surprise = functional.cross_entropy(input, target[:, 0].long(), reduction="none")
        return super().forward(input, target) + surprise.mean()
