from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from uxnet_compiler.training.config import DEFAULT_STEPS, TrainConfig


def test_a_budget_is_always_set() -> None:
    assert TrainConfig().steps == DEFAULT_STEPS
    assert TrainConfig(minutes=3).steps is None
    assert TrainConfig(steps=7, minutes=3).steps == 7


@pytest.mark.parametrize(
    "values",
    [
        {"steps": 0},
        {"minutes": 0},
        {"minutes": float("nan")},
        {"lr": float("inf")},
        {"fold": 1},
        {"folds": 5, "fold": 5},
        {"folds": 1},
        {"seed": -1},
        {"batch_size": 0},
        {"average": 1.0},
        {"precision": "float16"},
        {"unknown": 1},
    ],
)
def test_values_out_of_their_limits_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TrainConfig.model_validate(values)


def test_each_optimiser_has_its_own_default_rate() -> None:
    assert TrainConfig(optimiser="sgd").highest_lr > TrainConfig().highest_lr
    assert TrainConfig(lr=0.5).highest_lr == 0.5
