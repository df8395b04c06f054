"""Convolutions of a single volume on the CPU that are as fast as those of several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


def quick_convolutions(network: nn.Module) -> None:
    """Let every 3-D convolution of a network take oneDNN's kernels for one volume, too, in place.

    torch 2.13 takes them in float32 for two volumes and more, and for one only while it is large
    (C D H > 20480). Else it copies the volume once for every voxel of the kernel and multiplies
    matrices, which took up to seven times as long; kernels of one voxel are faster so.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch has no type
        return
    for layer in network.modules():
        if isinstance(layer, nn.Conv3d) and max(layer.kernel_size) > 1:
            # An instance attribute wins over the method; names of parameters stay as they are.
            object.__setattr__(layer, "forward", partial(_forward, layer.forward, layer))


def _forward(convolve: Callable[[Tensor], Tensor], layer: nn.Conv3d, image: Tensor) -> Tensor:
    is_plain = image.device.type == "cpu" and image.dtype == torch.float32
    if image.shape[:-4] != (1,) or not is_plain or torch.is_autocast_enabled("cpu"):
        return convolve(image)
    made: Tensor = torch.mkldnn_convolution(
        image,
        layer.weight,
        layer.bias,
        padding=[int(n) for n in layer.padding],  # numbers, though torch allows a name
        stride=layer.stride,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    return made
