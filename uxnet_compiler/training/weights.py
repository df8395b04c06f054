"""Move weights between networks with and without the heads that only deep supervision has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.backends.torch import load_weights
from uxnet_compiler.backends.weights import require_known
from uxnet_compiler.lowering import lower
from uxnet_compiler.schema import Genotype
from uxnet_compiler.schema.model import AUXILIARY


def plain(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Leave out the heads that only deep supervision has."""
    return {name: value for name, value in weights.items() if not name.startswith(AUXILIARY)}


def start_from(network: nn.Module, genotype: Genotype, path: Path) -> None:
    """Load the weights of a file into a genotype's network; its auxiliary heads may stay fresh.

    Raises:
        BackendError: The file is unreadable, belongs to another architecture, or a tensor is
            missing, unknown or of another shape.
    """
    weights = read_weights(path, genotype_id=genotype.id)
    require_known(weights, lower(genotype.architecture, deep_supervision=True), source=str(path))
    own = network.state_dict()
    fresh = {name: value for name, value in own.items() if name.startswith(AUXILIARY)}
    known = {name: value for name, value in weights.items() if name in own}
    load_weights(network, fresh | known, source=str(path))
