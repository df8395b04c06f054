"""Every target keeps its word: what it writes computes what torch computes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from networks import images, logits, narrow, network_of
from strategies import genotypes

from uxnet_compiler.backends.catalogue import TARGETS
from uxnet_compiler.backends.target import Network
from uxnet_compiler.errors import UnknownNameError
from uxnet_compiler.passes import TRAINING, Pass
from uxnet_compiler.schema import Genotype
from uxnet_compiler.zoo import zoo

# `source` and `exported` have tests of this kind of their own.
RUNTIMES = ("torch", "onnx", "openvino")

# Of the largest logit. float32 keeps 7 digits; sums and norms over few voxels lose two.
LIMIT = 1e-5
# Hundreds of layers, or norms over 1e5 voxels, which the runtimes add up one after the other.
DEEP, LIMIT_OF_DEEP = {"c2fnas", "dints", "nasunet", "nnunet", "nnunet-resenc"}, 2e-4


def check(network: Network, limit: float = LIMIT) -> None:
    with TemporaryDirectory() as folder:
        for name in RUNTIMES:
            target = TARGETS[name]
            target.write(network, Path(folder) / target.file)
            run = target.open(Path(folder) / target.file, network)
            for image in images(network):
                expected = logits(network, image)
                difference = (run(image) - expected).abs().max() / expected.abs().max()
                assert difference <= limit, (name, tuple(image.shape))


@pytest.mark.parametrize("name", zoo())
def test_networks_of_the_zoo_compute_the_same_in_every_runtime(name: str) -> None:
    check(network_of(narrow(name)), LIMIT_OF_DEEP if name in DEEP else LIMIT)


@pytest.mark.parametrize("passes", [TRAINING, ()], ids=["training", "none"])
def test_so_they_do_whatever_passes_they_went_through(passes: tuple[Pass, ...]) -> None:
    check(network_of(narrow("resunet"), passes))


@settings(max_examples=15)
@given(genotype=genotypes(max_levels=3))
def test_so_do_random_networks(genotype: Genotype) -> None:
    check(network_of(genotype))


def test_targets_differ_in_every_name_that_they_write() -> None:
    names = [name for target in TARGETS.values() for name in (target.file, *target.beside)]

    assert len(names) == len(set(names))
    assert not {"genotype.json", "report.json"} & set(names)


def test_the_extra_of_a_target_installs_its_packages() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

    for target in TARGETS.values():
        wanted = project["optional-dependencies"].get(target.extra, project["dependencies"])
        installed = {re.split(r"[<>=]", line)[0] for line in wanted}
        assert set(target.packages) <= installed, target.name


def test_a_misspelt_target_is_told_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="no target is called 'onx'; did you mean 'onnx'"):
        TARGETS["onx"]
