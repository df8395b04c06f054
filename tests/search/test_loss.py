from __future__ import annotations

import pytest
import torch
from monai.losses.dice import DiceCELoss

from uxnet_compiler.search.loss import PatchLoss


@pytest.mark.parametrize("size", [(6, 4), (6, 4, 5)])
def test_loss_and_gradient_are_those_of_monai(size: tuple[int, ...]) -> None:
    label = torch.randint(3, (2, 1, *size))
    logits = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    monai = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)

    found, expected = PatchLoss()(logits, label), monai(logits, label)

    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(
        torch.autograd.grad(found, logits), torch.autograd.grad(expected, logits)
    )


def test_the_loss_of_a_batch_is_the_mean_of_its_patches() -> None:
    label, logits = torch.randint(3, (3, 1, 6, 4)), torch.randn(3, 3, 6, 4)
    loss = PatchLoss()

    apart = torch.stack([loss(logits[[i]], label[[i]]) for i in range(3)])

    torch.testing.assert_close(loss(logits, label), apart.mean())
