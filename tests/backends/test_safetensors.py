"""Weights as safetensors: round trip, same bytes, and clear words about a wrong file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from uxnet_compiler.backends.safetensors import read_weights, write_weights
from uxnet_compiler.errors import BackendError


def weights() -> dict[str, torch.Tensor]:
    return {"b.weight": torch.arange(6.0).reshape(2, 3).T, "a.bias": torch.ones(2)}


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    write_weights(weights(), tmp_path / "w.safetensors", genotype_id="ab")

    found = read_weights(tmp_path / "w.safetensors", genotype_id="ab")

    assert list(found) == ["a.bias", "b.weight"]
    assert all(torch.equal(found[name], value) for name, value in weights().items())


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_are_read_in_the_precision_of_networks(kind: torch.dtype, tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, dtype=kind)}, tmp_path / "w")

    assert read_weights(tmp_path / "w")["a"].dtype == torch.float32


def test_the_order_of_the_weights_does_not_change_the_bytes(tmp_path: Path) -> None:
    given = weights()

    write_weights(given, tmp_path / "1", genotype_id="ab")
    write_weights(dict(reversed(given.items())), tmp_path / "2", genotype_id="ab")

    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    write_weights(weights(), tmp_path / "w", genotype_id="ab")

    with pytest.raises(BackendError, match="weights of the architecture ab, not of cd"):
        read_weights(tmp_path / "w", genotype_id="cd")


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "pt"},
        {"uxnet": "[]"},
        {"uxnet": "{"},
        {"uxnet": "[" * 9999},
        {"uxnet": "9" * 5000},
    ],
)
def test_files_that_name_no_architecture_are_read(
    metadata: dict[str, str] | None, tmp_path: Path
) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "w", metadata=metadata)

    assert list(read_weights(tmp_path / "w", genotype_id="ab")) == ["a"]


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"no weights at all")

    with pytest.raises(BackendError, match="not a safetensors file") as caught:
        read_weights(tmp_path / "w")

    assert "\n" not in str(caught.value)
    with pytest.raises(BackendError, match="missing"):
        read_weights(tmp_path / "missing")
