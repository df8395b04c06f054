"""All that a network needs to compute right and fast on this machine."""

from __future__ import annotations

from torch import nn

from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last_
from uxnet_compiler.machine.norms import quick_norms


def prepare(network: nn.Module, spatial_dims: int, *, is_last: bool) -> None:
    """Order the weights, keep bfloat16 from kernels that are not safe, and norm quickly, in place.

    Args:
        network: Any; what it computes stays the same, and so do the names of its weights.
        spatial_dims: 2 or 3.
        is_last: Whether its images have their channels last in memory.
    """
    if is_last:
        channels_last_(network, spatial_dims)
    guard(network)
    quick_norms(network)
