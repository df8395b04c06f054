"""Configurations of jobs that take a moment."""

from __future__ import annotations

import pytest

from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.training.config import TrainConfig


@pytest.fixture(scope="session")
def tiny_search() -> SearchConfig:
    return SearchConfig.model_validate(
        {"steps": 2, "levels": 2, "width": 2, "batch_size": 1, "precision": "float32"}
    )


@pytest.fixture(scope="session")
def tiny_train() -> TrainConfig:
    return TrainConfig(steps=2, batch_size=1, precision="float32", validation_cases=1)
