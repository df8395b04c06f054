"""How much memory a step of the supernet takes, from the op table alone."""

from __future__ import annotations

import math

from torch import nn

from uxnet_compiler.search.chain import Chain
from uxnet_compiler.search.supernet import Supernet

BYTES = 4
KEPT = 2.0
"""Copies of each feature map that a step keeps: the map and, on the way back, its gradient."""


def bytes_per_voxel(supernet: Supernet) -> float:
    """Return the bytes that one step needs per voxel of the batch, activations in float32.

    Every map of every candidate counts, since all of them are kept for the backward pass.
    """
    return sum(KEPT * BYTES * _maps(module) for module in supernet.modules())


def _maps(module: nn.Module) -> float:
    if not isinstance(module, Chain):
        return 0.0
    return sum(kind.channels / math.prod(kind.scale) for kind in module.types)
