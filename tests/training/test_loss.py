from __future__ import annotations

import pytest
import torch
from monai.losses.dice import DiceCELoss

from uxnet_compiler.training.loss import SegmentationLoss


def logits_for(label: torch.Tensor, classes: int, strength: float) -> torch.Tensor:
    hot = torch.nn.functional.one_hot(label[:, 0], classes).movedim(-1, 1)
    return (hot * 2.0 - 1.0) * strength


@pytest.fixture
def label() -> torch.Tensor:
    found = torch.zeros(2, 1, 8, 8, 8, dtype=torch.long)
    found[:, :, 2:6, 2:6, 2:6] = 1
    found[:, :, 3:5, 3:5, 3:5] = 2
    return found


def test_right_logits_cost_next_to_nothing_and_wrong_ones_much(label: torch.Tensor) -> None:
    loss = SegmentationLoss()

    assert loss(logits_for(label, 3, 20.0), label) < 1e-3
    assert loss(logits_for((label + 1) % 3, 3, 20.0), label) > 2


def test_the_loss_is_that_of_monai(label: torch.Tensor) -> None:
    logits = torch.randn(2, 3, 8, 8, 8)
    monai = DiceCELoss(
        include_background=False,
        to_onehot_y=True,
        softmax=True,
        batch=True,
        smooth_nr=1e-5,
        smooth_dr=1e-5,
    )

    found = SegmentationLoss()(logits, label)

    torch.testing.assert_close(found, monai(logits, label), atol=1e-6, rtol=1e-6)


def test_several_resolutions_weigh_half_as_much_each(label: torch.Tensor) -> None:
    loss = SegmentationLoss()
    full = logits_for(label, 3, 1.0)
    half = torch.zeros(2, 3, 4, 4, 4)
    small = label[:, :, 1::2, 1::2, 1::2]

    together = loss((full, half), label)

    expected = (loss(full, label) + 0.5 * loss(half, small)) / 1.5
    torch.testing.assert_close(together, expected)


def test_a_patch_without_an_organ_has_a_finite_gradient() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)

    torch.autograd.backward(SegmentationLoss()(logits, torch.zeros(1, 1, 4, 4).long()))

    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())
