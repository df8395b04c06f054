from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from uxnet_compiler.errors import RunError
from uxnet_compiler.training.weights import load_weights, save_weights


def network() -> nn.ModuleDict:
    return nn.ModuleDict({"conv": nn.Conv2d(1, 2, 3), "aux_1": nn.Conv2d(2, 2, 1)})


def test_weights_come_back_and_the_same_ones_give_the_same_bytes(tmp_path: Path) -> None:
    before, after = network(), network()
    save_weights(tmp_path / "a", before.state_dict())
    save_weights(tmp_path / "b", dict(reversed(before.state_dict().items())))

    load_weights(after, tmp_path / "a")

    assert all(torch.equal(after.state_dict()[k], v) for k, v in before.state_dict().items())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_heads_of_deep_supervision_may_be_missing(tmp_path: Path) -> None:
    save_weights(
        tmp_path / "w", {"conv.weight": torch.ones(2, 1, 3, 3), "conv.bias": torch.ones(2)}
    )
    target = network()

    load_weights(target, tmp_path / "w")

    assert torch.equal(target.state_dict()["conv.bias"], torch.ones(2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conv.bias": None}, r"conv\.bias is missing"),
        ({"conv.more": torch.ones(1)}, r"conv\.more is not in the network"),
        ({"conv.bias": torch.ones(3)}, r"conv\.bias is \(3,\), the network needs \(2,\)"),
    ],
)
def test_weights_of_another_network_are_refused_by_name(
    tmp_path: Path, change: dict[str, torch.Tensor | None], message: str
) -> None:
    weights = network().state_dict() | change
    save_file({k: v for k, v in weights.items() if v is not None}, tmp_path / "w")

    with pytest.raises(RunError, match=message):
        load_weights(network(), tmp_path / "w")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x00\x00\x00\x00\x00\x00\x00notjson!"])
def test_a_damaged_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)

    with pytest.raises(RunError, match="not a safetensors file") as caught:
        load_weights(network(), tmp_path / "w")

    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such file"):
        load_weights(network(), tmp_path / "w")
    with pytest.raises(RunError, match="cannot be read"):
        load_weights(network(), tmp_path)
