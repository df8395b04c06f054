"""Let single convolutions go another way where their kernels for the CPU are not safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn
from torch.nn import functional


def is_unsafe(kernel: Sequence[int], shape: Sequence[int]) -> bool:
    """Tell whether a convolution on the CPU may go wrong.

    Measured with torch 2.13: when an axis of the image is shorter than the kernel, the weight
    gradient is wrong and memory is overwritten, so this must be known before and not be tried:
    in bfloat16 with kernels of 3 voxels and more, in float32 with 7 and stride 2.

    Args:
        kernel: Voxels per axis.
        shape: Voxels per axis of the layer's input.
    """
    return any(k > 1 and n < k for k, n in zip(kernel, shape, strict=True))


def guard(network: nn.Module) -> None:
    """Let every convolution of a network go the safe way where `is_unsafe` says so, in place.

    That is in float32, with the zeros around the image put there by hand: such an image is never
    shorter than the kernel.
    """
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
    sides = [int(n) for n in layer.padding]  # numbers, though torch allows a name
    margins = [n for side in reversed(sides) for n in (side, side)]
    convolved = functional.conv2d if image.dim() == 4 else functional.conv3d
    with torch.autocast(kind, enabled=False):
        return convolved(
            functional.pad(image.float(), margins),
            layer.weight,
            layer.bias,
            stride=layer.stride,
            dilation=layer.dilation,
            groups=layer.groups,
        )
