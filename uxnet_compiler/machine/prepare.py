"""All that a network needs to compute right and fast on this machine."""

from __future__ import annotations

from torch import nn

from uxnet_compiler.machine.convolutions import quick_convolutions
from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last_
from uxnet_compiler.machine.norms import quick_norms


def prepare(network: nn.Module, spatial_dims: int, *, is_last: bool) -> None:
    """Order the weights, and let layers take kernels that are safe and fast, in place.

    Args:
        network: Any whose convolutions are padded with zeros, by numbers; what it computes stays
            the same, and so do the names of its weights.
        spatial_dims: 2 or 3.
        is_last: Whether its images have their channels last in memory.
    """
    if is_last:
        channels_last_(network, spatial_dims)
    quick_convolutions(network)
    guard(network)  # last: it decides for each image which way is safe
    quick_norms(network)
