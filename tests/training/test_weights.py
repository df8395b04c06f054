from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from uxnet_compiler.backends.safetensors import write_weights
from uxnet_compiler.errors import BackendError
from uxnet_compiler.training.weights import plain, start_from


def network() -> nn.ModuleDict:
    return nn.ModuleDict({"conv": nn.Conv2d(1, 2, 3), "aux_1": nn.Conv2d(2, 2, 1)})


def test_heads_of_deep_supervision_stay_fresh_when_the_file_has_none(tmp_path: Path) -> None:
    source, target = network(), network()
    fresh = target.state_dict()["aux_1.weight"].clone()
    write_weights(plain(source.state_dict()), tmp_path / "w", genotype_id="g")

    start_from(target, tmp_path / "w", genotype_id="g")

    found = target.state_dict()
    assert torch.equal(found["conv.weight"], source.state_dict()["conv.weight"])
    assert torch.equal(found["aux_1.weight"], fresh)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conv.bias": None}, r"w: conv\.bias is missing"),
        ({"conv.more": torch.ones(1)}, r"conv\.more is not in the network"),
        ({"conv.bias": torch.ones(3)}, r"conv\.bias is \(3,\), the network needs \(2,\)"),
    ],
)
def test_weights_of_another_network_are_refused_by_name(
    tmp_path: Path, change: dict[str, torch.Tensor | None], message: str
) -> None:
    weights = network().state_dict() | change
    kept = {name: value for name, value in weights.items() if value is not None}
    write_weights(kept, tmp_path / "w", genotype_id="g")

    with pytest.raises(BackendError, match=message):
        start_from(network(), tmp_path / "w", genotype_id="g")


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    write_weights(network().state_dict(), tmp_path / "w", genotype_id="g")

    with pytest.raises(BackendError, match="weights of the architecture g, not of h"):
        start_from(network(), tmp_path / "w", genotype_id="h")
