"""Order the channels of tensors and layers last in memory: what fast bfloat16 kernels want."""

from __future__ import annotations

import torch
from torch import nn

CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}
"""The order in memory, by the number of spatial axes."""


def channels_last(tensor: torch.Tensor, spatial_dims: int) -> torch.Tensor:
    """Return the tensor (B, C, *spatial) with its channels innermost in memory, same shape."""
    return tensor.contiguous(memory_format=CHANNELS_LAST[spatial_dims])


def is_channels_last(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor (B, C, *spatial) has its channels innermost, and is not plain, too."""
    form = CHANNELS_LAST[tensor.dim() - 2]
    return tensor.is_contiguous(memory_format=form) and not tensor.is_contiguous()


def channels_last_(network: nn.Module, spatial_dims: int) -> None:
    """Order the weights of every convolution of a network so, in place."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == spatial_dims + 2:
                parameter.data = channels_last(parameter.data, spatial_dims)
