"""A small network, and a run that it was trained in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from uxnet_compiler.schema import Genotype
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.train import train
from uxnet_compiler.zoo import fit, resolve


def small_unet(axes: int = 3) -> Genotype:
    strides = ((1,) * axes, (2,) * axes)
    unet = resolve("zoo:unet" if axes == 3 else "zoo:unet2d")
    return fit(unet, in_channels=1, out_channels=5, widths=(4, 8), strides=strides)


@pytest.fixture(scope="session")
def unet() -> Genotype:
    return small_unet()


@pytest.fixture(scope="session")
def unet_2d() -> Genotype:
    return small_unet(2)


@pytest.fixture(scope="session")
def trained_once(
    phantom_set: Path, unet: Genotype, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the run of `run`, not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "run"
    config = TrainConfig(steps=4, folds=3, fold=1, validations=2, validation_cases=1, device="cpu")
    train(unet, phantom_set, out, config)
    return out


@pytest.fixture
def run(trained_once: Path, tmp_path: Path) -> Path:
    """Return a run of 4 steps on the phantom set, fold 1 of 3, that may be changed."""
    return Path(shutil.copytree(trained_once, tmp_path / "run"))
