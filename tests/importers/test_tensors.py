"""Checkpoints of others are read as data, and never run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from uxnet_compiler.errors import DataError
from uxnet_compiler.importers.tensors import WRAPPERS, read_tensors


def state() -> dict[str, torch.Tensor]:
    return {"conv.weight": torch.arange(6.0).reshape(2, 3), "conv.bias": torch.zeros(2)}


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == state().keys() and all(
        torch.equal(found[name], tensor) for name, tensor in state().items()
    )


def nnunet_checkpoint() -> dict[str, Any]:
    """Return what a trainer of nnU-Net saves, numbers of numpy included."""
    return {
        "network_weights": state(),
        "optimizer_state": {"state": {}, "param_groups": [{"lr": np.float64(0.1)}]},
        "grad_scaler_state": None,
        "logging": {"mean_fg_dice": [np.float64(0.5)], "train_losses": [np.float32(-0.2)]},
        "_best_ema": np.float64(0.5),
        "current_epoch": np.int64(3),
        "init_args": {"plans": {}, "fold": 0, "device": torch.device("cpu")},
        "trainer_name": "nnUNetTrainer",
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }


def test_a_checkpoint_of_nnu_net_gives_its_tensors(tmp_path: Path) -> None:
    torch.save(nnunet_checkpoint(), tmp_path / "checkpoint_final.pth")

    assert same(read_tensors(tmp_path / "checkpoint_final.pth"))


def test_numbers_of_an_older_numpy_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    torch.save(nnunet_checkpoint(), path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    old = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    path.write_bytes(old)

    assert old != content
    assert same(read_tensors(path))


@pytest.mark.parametrize("wrapper", [None, *WRAPPERS])
def test_a_state_dict_may_be_wrapped(wrapper: str | None, tmp_path: Path) -> None:
    torch.save(state() if wrapper is None else {wrapper: state(), "epoch": 3}, tmp_path / "m.pt")

    assert same(read_tensors(tmp_path / "m.pt"))


def test_safetensors_are_read_as_well(tmp_path: Path) -> None:
    save_file(state(), tmp_path / "m.safetensors")

    assert same(read_tensors(tmp_path / "m.safetensors"))


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({"network_weights": Harmful(tmp_path / "harm")}, tmp_path / "m.pth")

    with pytest.raises(DataError, match=r"m.pth: holds more than plain data"):
        read_tensors(tmp_path / "m.pth")

    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.pth", b"hello", "damaged or not a checkpoint"),
        ("m.pth", b"", "damaged or not a checkpoint"),
        ("m.safetensors", b"hello", "not a safetensors file"),
        ("m.pth", None, "cannot be read: No such file"),
        ("m.safetensors", None, "No such file"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_told(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DataError, match=message) as caught:
        read_tensors(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.95])
def test_a_cut_checkpoint_is_told(share: float, tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    torch.save(nnunet_checkpoint(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(DataError, match=r"m.pth: "):
        read_tensors(path)


@pytest.mark.parametrize("length", range(2, 600, 7))
def test_an_old_checkpoint_that_is_cut_short_is_told(length: int, tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    torch.save(nnunet_checkpoint(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(DataError, match=r"m.pth: "):
        read_tensors(path)


def test_a_sparse_tensor_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.eye(2).to_sparse()}, tmp_path / "m.pth")

    with pytest.raises(DataError, match=r"m.pth: 'a' is no plain tensor; save a dense one"):
        read_tensors(tmp_path / "m.pth")


@pytest.mark.parametrize("content", [3, [torch.zeros(1)], {}, {"a": 3}, {"state_dict": {"a": 3}}])
def test_a_checkpoint_without_tensors_by_name_is_told(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "m.pth")

    with pytest.raises(DataError, match=r"m.pth: ('a' is no tensor|no tensors by name)"):
        read_tensors(tmp_path / "m.pth")
