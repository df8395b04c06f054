from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from uxnet_compiler.machine import selftest
from uxnet_compiler.machine.selftest import (
    FORMATS,
    TOLERANCE,
    Precision,
    Trial,
    choose_precision,
    precision_for,
    relative_error,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_answer_is_one_of_the_formats_and_stays_the_same(spatial_dims: int) -> None:
    found = precision_for("cpu", spatial_dims)

    assert (found.dtype, found.channels_last) in FORMATS
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
    for tried in ([2.0, 1.0], [1.0, 2.0]):
        monkeypatch.setattr(
            selftest, "_seconds", lambda *asked, t=tried: dict(zip(asked[2], t, strict=True))
        )
        found = selftest._measure.__wrapped__("cpu", 3)

        why = "bfloat16 is wrong here: a broken one"
        assert found == Precision("float32", tried[1] < tried[0], why)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((3.0, 4.0, 1.5), Precision("bfloat16", True, "bfloat16 is right and 2.0 x faster")),
        ((4.0, 3.0, 1.5), Precision("bfloat16", True, "bfloat16 is right and 2.0 x faster")),
        ((3.0, 2.0, 2.5), Precision("float32", True, "bfloat16 is right but not faster")),
        ((2.0, 3.0, 2.5), Precision("float32", False, "bfloat16 is right but not faster")),
    ],
)
def test_the_fastest_format_is_taken(
    seconds: tuple[float, ...], expected: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "bfloat16_defect", lambda *_: None)
    monkeypatch.setattr(selftest, "_seconds", lambda *_: dict(zip(FORMATS, seconds, strict=True)))

    assert selftest._measure.__wrapped__("cpu", 3) == expected


def test_every_format_is_timed_and_the_number_of_threads_stays() -> None:
    threads = torch.get_num_threads()

    found = selftest._seconds(CPU, 2, FORMATS)

    assert list(found) == list(FORMATS)
    assert all(seconds > 0 for seconds in found.values())
    assert torch.get_num_threads() == threads


def test_what_is_asked_for_is_taken() -> None:
    assert choose_precision("float32", "cpu", 3) == Precision("float32", False, "asked for")
    assert choose_precision("bfloat16", "cpu", 2) == Precision("bfloat16", True, "asked for")
    assert choose_precision("auto", "cpu", 3) == precision_for("cpu", 3)
