"""Training starts from the weights of a file, with or without the heads of deep supervision."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from uxnet_compiler.backends.safetensors import write_weights
from uxnet_compiler.errors import BackendError
from uxnet_compiler.schema import Genotype
from uxnet_compiler.training.weights import plain, start_from
from uxnet_compiler.zoo import fit, resolve

HEAD = "aux_1.conv.weight"
BIAS = "n2_0_to_output.conv.bias"


@pytest.fixture(scope="module")
def genotype() -> Genotype:
    strides = ((1, 1, 1), (2, 2, 2), (2, 2, 2))
    return fit(resolve("zoo:unet"), widths=(2, 3, 4), strides=strides, out_channels=2)


def network(genotype: Genotype, seed: int = 0) -> nn.Module:
    return genotype.compile(seed=seed, deep_supervision=True)


def test_heads_of_deep_supervision_stay_fresh_when_the_file_has_none(
    genotype: Genotype, tmp_path: Path
) -> None:
    source, target = network(genotype, 1), network(genotype, 2)
    fresh = target.state_dict()[HEAD].clone()
    write_weights(plain(source.state_dict()), tmp_path / "w", genotype_id=genotype.id)

    start_from(target, genotype, tmp_path / "w")

    found = target.state_dict()
    assert torch.equal(found["n0_0.conv.weight"], source.state_dict()["n0_0.conv.weight"])
    assert torch.equal(found[HEAD], fresh)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({BIAS: None}, rf"w: {BIAS} is missing"),
        ({"n0_0.conv.more": torch.ones(1)}, r"n0_0\.conv\.more is not in the network"),
        ({BIAS: torch.ones(3)}, rf"{BIAS} is \(3,\), the network needs \(2,\)"),
    ],
)
def test_weights_of_another_network_are_refused_by_name(
    genotype: Genotype, tmp_path: Path, change: dict[str, torch.Tensor | None], message: str
) -> None:
    weights = network(genotype).state_dict() | change
    kept = {name: value for name, value in weights.items() if value is not None}
    write_weights(kept, tmp_path / "w", genotype_id=genotype.id)

    with pytest.raises(BackendError, match=message):
        start_from(network(genotype), genotype, tmp_path / "w")


def test_weights_of_another_architecture_are_refused(genotype: Genotype, tmp_path: Path) -> None:
    write_weights(network(genotype).state_dict(), tmp_path / "w", genotype_id="g")

    with pytest.raises(BackendError, match="weights of the architecture g, not of"):
        start_from(network(genotype), genotype, tmp_path / "w")
