from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from uxnet_compiler.machine import selftest
from uxnet_compiler.machine.selftest import (
    TOLERANCE,
    Precision,
    Trial,
    choose_precision,
    precision_for,
    relative_error,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_answer_is_one_of_two_and_stays_the_same(spatial_dims: int) -> None:
    found = precision_for("cpu", spatial_dims)

    assert (found.dtype, found.channels_last) in {("float32", False), ("bfloat16", True)}
    assert precision_for(CPU, spatial_dims) is found


def test_the_random_state_is_left_alone() -> None:
    selftest._measure.cache_clear()
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)

    precision_for("cpu", 3)

    assert torch.equal(torch.rand(4), expected)


class Broken(nn.Module):
    """Be right in float32, and return what the weights are in bfloat16."""

    def __init__(self, wrong: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(16, 16, 1, 1, 1))
        self.wrong = wrong

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        right = nn.functional.conv3d(image, self.weight)
        return right * self.wrong if torch.is_autocast_enabled("cpu") else right


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 2.0])
def test_a_wrong_kernel_is_found_and_float32_chosen(
    wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = Trial("a broken one", lambda _: Broken(wrong), 4)
    monkeypatch.setattr(selftest, "TRIALS", (*selftest.TRIALS, trial))

    monkeypatch.setattr(selftest, "bfloat16_defect", selftest.bfloat16_defect.__wrapped__)

    assert not relative_error(trial, CPU, 3) <= TOLERANCE
    found = selftest._measure.__wrapped__("cpu", 3)

    assert found == Precision("float32", False, "bfloat16 is wrong here: a broken one")


def test_what_is_asked_for_is_taken() -> None:
    assert choose_precision("float32", "cpu", 3) == Precision("float32", False, "asked for")
    assert choose_precision("bfloat16", "cpu", 2) == Precision("bfloat16", True, "asked for")
    assert choose_precision("auto", "cpu", 3) == precision_for("cpu", 3)
