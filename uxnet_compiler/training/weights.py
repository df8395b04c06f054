"""Read and write the weights of compiled networks: safetensors only, plain names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import replacing

AUXILIARY = "aux_"


def plain(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Leave out the heads that only deep supervision has."""
    return {name: value for name, value in weights.items() if not name.startswith(AUXILIARY)}


def save_weights(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write weights, all or nothing; the same weights give the same bytes."""
    with replacing(path) as draft:
        save_file({name: weights[name].cpu().contiguous() for name in sorted(weights)}, draft)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load weights into a network by name; heads for deep supervision may be missing.

    Raises:
        RunError: The file is unreadable, or a tensor is missing, unknown or of another shape.
    """
    try:
        weights = load_file(path)
    except FileNotFoundError:
        raise RunError(f"{path}: no such file") from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from None
    except SafetensorError as error:
        raise RunError(f"{path}: not a safetensors file: {error}") from None
    wanted = network.state_dict()
    for name in sorted(weights.keys() | plain(wanted).keys()):
        if name not in weights:
            raise RunError(f"{path}: {name} is missing; the network has it")
        if name not in wanted:
            raise RunError(f"{path}: {name} is not in the network")
        if wanted[name].shape != weights[name].shape:
            raise RunError(
                f"{path}: {name} is {tuple(weights[name].shape)}, the network needs "
                f"{tuple(wanted[name].shape)}"
            )
    network.load_state_dict(weights, strict=False)
