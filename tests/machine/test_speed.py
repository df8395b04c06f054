"""Speeds are there for every format; how high they are is not tested."""

from __future__ import annotations

import pytest
import torch

from uxnet_compiler.machine import speed
from uxnet_compiler.machine.speed import measure_speeds


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SIDE", 4)
    monkeypatch.setattr(speed, "REPEATS", 1)


def test_every_format_is_timed_forward_and_backward() -> None:
    found = measure_speeds(torch.device("cpu"))

    assert [(each.dtype, each.channels_last) for each in found] == [
        ("float32", False),
        ("float32", True),
        ("bfloat16", False),
        ("bfloat16", True),
    ]
    assert all(each.training_ms > 0 and each.inference_ms > 0 for each in found)


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)

    measure_speeds(torch.device("cpu"))

    assert torch.equal(torch.rand(4), expected)
