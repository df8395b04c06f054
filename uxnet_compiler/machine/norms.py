"""Instance norms on the CPU that are fast, and right, when channels are last in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from uxnet_compiler.machine.layout import channels_last, is_channels_last


def quick_norms(network: nn.Module) -> None:
    """Let every instance norm of a network compute by `instance_norm`, in place."""
    for layer in network.modules():
        if isinstance(layer, nn.InstanceNorm2d | nn.InstanceNorm3d):
            # An instance attribute wins over the method; names of parameters stay as they are.
            object.__setattr__(layer, "forward", partial(_forward, layer))


def instance_norm(image: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """Norm every channel of every image, and keep the order in memory.

    The same as torch's, which puts the channels first again, in four copies that take longer
    than the norm; and whose gradients are wrong on the CPU (torch 2.13) for one image when its
    gradient comes with channels last, as it does where no activation stands behind the norm.

    Shape:
        image         (B, C, D, H, W) or (B, C, H, W)
        weight, bias  (C,)
        out           as the image
    """
    if image.device.type == "cpu":
        if not torch.is_grad_enabled():
            return functional.group_norm(image, image.shape[1], weight, bias, eps)
        if is_channels_last(image) or len(image) == 1:
            apply: Callable[..., Tensor] = _Norm.apply
            return apply(image, weight, bias, eps)
    return functional.instance_norm(image, weight=weight, bias=bias, eps=eps)


def _forward(layer: nn.InstanceNorm2d | nn.InstanceNorm3d, image: Tensor) -> Tensor:
    return instance_norm(image, layer.weight, layer.bias, layer.eps)


class _Norm(torch.autograd.Function):
    """Norm as a group norm of one channel a group; go back as a batch norm of each image.

    Of torch's kernels these two are fast with channels last; group norm's way back is not. A
    gradient in another order than the image is what the batch norm misreads, so it is put in order.
    """

    @staticmethod
    def forward(
        ctx: Any, image: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> Tensor:
        batch, channels = image.shape[:2]
        voxels = image[0, 0].numel()
        made, mean, rstd = torch.native_group_norm(
            image, weight, bias, batch, channels, voxels, channels, eps
        )
        ctx.save_for_backward(image, weight, mean, rstd)
        ctx.eps = eps
        return made

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        image, weight, mean, rstd = ctx.saved_tensors
        if is_channels_last(image):
            gradient = channels_last(gradient, image.dim() - 2)
        else:
            gradient = gradient.contiguous()
        wanted = list(ctx.needs_input_grad[:3])
        each = []
        for index in range(len(image)):
            g, x = gradient[index : index + 1], image[index : index + 1]
            statistics = (None, None, mean[index], rstd[index], True, ctx.eps)
            each.append(
                torch.ops.aten.native_batch_norm_backward(g, x, weight, *statistics, wanted)
            )
        images, weights, biases = zip(*each, strict=True)
        return (
            torch.cat(images) if wanted[0] else None,
            sum(weights) if wanted[1] else None,
            sum(biases) if wanted[2] else None,
            None,
        )
