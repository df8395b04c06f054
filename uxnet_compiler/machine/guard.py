"""Keep single convolutions in float32 where their bfloat16 kernels are not safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn


def is_unsafe(kernel: Sequence[int], shape: Sequence[int]) -> bool:
    """Tell whether a bfloat16 convolution on the CPU may go wrong.

    Measured with torch 2.13: when an axis of the image is shorter than the kernel, the weight
    gradient is wrong and memory is overwritten, so this must be known before and not be tried.

    Args:
        kernel: Voxels per axis.
        shape: Voxels per axis of the layer's input.
    """
    return any(k > 1 and n < k for k, n in zip(kernel, shape, strict=True))


def guard(network: nn.Module) -> None:
    """Let every convolution of a network leave autocast where `is_unsafe` says so, in place."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            # An instance attribute wins over the method; names of parameters stay as they are.
            object.__setattr__(layer, "forward", partial(_forward, layer.forward, layer))


def _forward(
    convolve: Callable[[torch.Tensor], torch.Tensor],
    layer: nn.Conv2d | nn.Conv3d,
    image: torch.Tensor,
) -> torch.Tensor:
    kind = image.device.type
    if kind != "cpu" or not is_unsafe(layer.kernel_size, image.shape[2:]):
        return convolve(image)
    with torch.autocast(kind, enabled=False):
        return convolve(image.float())
