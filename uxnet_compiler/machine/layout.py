"""Order the channels of tensors and layers last in memory: what fast bfloat16 kernels want."""

from __future__ import annotations

import torch
from torch import nn


def channels_last(tensor: torch.Tensor, spatial_dims: int) -> torch.Tensor:
    """Return the tensor (B, C, *spatial) with its channels innermost in memory, same shape."""
    form = torch.channels_last if spatial_dims == 2 else torch.channels_last_3d
    return tensor.contiguous(memory_format=form)


def channels_last_(network: nn.Module, spatial_dims: int) -> None:
    """Order the weights of every convolution of a network so, in place."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == spatial_dims + 2:
                parameter.data = channels_last(parameter.data, spatial_dims)
