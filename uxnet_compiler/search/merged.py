"""Compute several linear candidates as one convolution.

A weighted sum of convolutions of one input is the convolution with the weighted sum of their
kernels, each embedded in the largest. Two convolutions in a row without a norm between them
compose to one. So a mixed op costs about one convolution instead of one per candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.machine.guard import is_unsafe
from uxnet_compiler.machine.layout import CHANNELS_LAST
from uxnet_compiler.ops import Conv, LayerOp

CONV = {2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {2: F.conv_transpose2d, 3: F.conv_transpose3d}


def mergeable(ops: Sequence[LayerOp]) -> bool:
    """Say whether ops are convolutions in a row that one dense, unstrided kernel can replace."""
    convolutions = [op for op in ops if isinstance(op, Conv)]
    return (
        0 < len(convolutions) == len(ops)
        and all(op.stride is None and op.groups == 1 and not op.bias for op in convolutions)
        and all(len(set(op.dilations)) == 1 for op in convolutions)
        and (len(ops) == 1 or all(op.dilation is None for op in convolutions))
    )


def common_dilation(ops: Sequence[LayerOp]) -> int:
    """Return the one dilation of mergeable ops."""
    first = ops[0]
    assert isinstance(first, Conv)
    return first.dilations[0]


def composed(weights: Sequence[Tensor]) -> Tensor:
    """Return the one kernel (Co, Ci, ...) that does what several in a row do.

    Maths:
        (V * U)[o, i, t] = sum over m and s of V[o, m, s] U[m, i, t - s]

    Zero padding agrees, because without bias the first convolution maps the outside to zero.
    """
    kernel = weights[0]
    for later in weights[1:]:
        dims = kernel.dim() - 2
        # A convolution of kernels: rows of `kernel` are images, `later` slides over them. torch
        # correlates, hence the flip; full padding keeps every overlap.
        flipped = later.flip(list(range(2, later.dim())))
        padding = [k - 1 for k in later.shape[2:]]
        kernel = CONV[dims](kernel.transpose(0, 1), flipped, padding=padding).transpose(0, 1)
    return kernel


def embedded(kernel: Tensor, size: Sequence[int]) -> Tensor:
    """Return the kernel in the middle of a larger one of zeros."""
    pads = [(want - have) // 2 for want, have in zip(size, kernel.shape[2:], strict=True)]
    return F.pad(kernel, [p for pad in reversed(pads) for p in (pad, pad)])


def merged_conv(
    x: Tensor,
    chains: Mapping[str, nn.Module],
    weights: Mapping[str, Tensor | float],
    dilation: int,
) -> Tensor:
    """Return the weighted sum of the chains' outputs from one convolution.

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D, H, W)
    """
    with torch.autocast(x.device.type, enabled=False):  # kernels are small: keep them exact
        kernels = {
            name: composed([module.weight for module in chain.children()])  # type: ignore[misc]  # all are convolutions
            for name, chain in chains.items()
        }
        size = [max(sides) for sides in zip(*(k.shape[2:] for k in kernels.values()), strict=True)]
        total = sum(weights[name] * embedded(kernel, size) for name, kernel in kernels.items())
    assert isinstance(total, Tensor)
    return dilated_conv(x, total, dilation)


def dilated_conv(x: Tensor, kernel: Tensor, dilation: int) -> Tensor:
    """Convolve with an odd kernel, same padding and one dilation for all axes.

    A dilated convolution acts on the sub-grids of every `dilation`-th voxel alone, so these
    are stacked along the batch and convolved densely, where the kernels of CPU libraries are
    several times faster on the way back. An axis of an odd length is padded with a zero. Maps
    too small for bfloat16 kernels are left to the library, in float32 where need be.

    Shape:
        x    (B, Ci, D, H, W)
        out  (B, Co, D, H, W)
    """
    dims = x.dim() - 2
    padding = [k // 2 for k in kernel.shape[2:]]
    size = x.shape[2:]
    if dilation == 1 or is_unsafe(kernel.shape[2:], [n // dilation for n in size]):
        if torch.is_autocast_enabled(x.device.type) and is_unsafe(kernel.shape[2:], size):
            with torch.autocast(x.device.type, enabled=False):
                return _conv(x.float(), kernel.float(), padding, dilation)
        return _conv(x, kernel, padding, dilation)
    extra = [-n % dilation for n in size]
    if any(extra):
        x = F.pad(x, [p for pad in reversed(extra) for p in (0, pad)])
    images = x.shape[0]
    made = joined(CONV[dims](split(x, dilation), kernel, padding=padding), dilation, images)
    return made[(slice(None), slice(None), *(slice(0, n) for n in size))] if any(extra) else made


def split(x: Tensor, step: int) -> Tensor:
    """Stack the sub-grids of every `step`-th voxel along the batch, channels last as they were.

    Shape:
        x    (B, C, D, H, W)
        out  (step^3 B, C, D / step, H / step, W / step)
    """
    dims = x.dim() - 2
    last = x.is_contiguous(memory_format=CHANNELS_LAST[dims])
    x = x.movedim(1, -1) if last else x
    first = 1 if last else 2
    sizes = [part for n in x.shape[first : first + dims] for part in (n // step, step)]
    x = x.reshape(*x.shape[:first], *sizes, *x.shape[first + dims :])
    phases = [first + 2 * axis + 1 for axis in range(dims)]
    x = x.movedim(phases, list(range(dims))).flatten(0, dims)
    return x.movedim(-1, 1) if last else x


def joined(x: Tensor, step: int, images: int) -> Tensor:
    """Undo `split` for a batch of that many images.

    Shape:
        x    (step^3 B, C, D / step, H / step, W / step)
        out  (B, C, D, H, W)
    """
    dims = x.dim() - 2
    last = x.is_contiguous(memory_format=CHANNELS_LAST[dims])
    x = x.movedim(1, -1) if last else x
    x = x.reshape(*(step,) * dims, images, *x.shape[1:])
    first = 1 if last else 2
    # The phases, in front, go behind the axis that each of them is a part of.
    order = list(range(dims, dims + first))
    for axis in range(dims):
        order += [dims + first + axis, axis]
    order += list(range(dims + first + dims, x.dim()))
    x = x.permute(order)
    sizes = [x.shape[first + 2 * axis] * step for axis in range(dims)]
    x = x.reshape(*x.shape[:first], *sizes, *x.shape[first + 2 * dims :])
    return x.movedim(-1, 1) if last else x


def scaled_conv(layer: nn.Module, x: Tensor, factor: Tensor | float) -> Tensor:
    """Convolve, or convolve transposed, with `factor` times the kernel of a layer without bias."""
    assert isinstance(layer, nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d)
    assert layer.bias is None
    kernel = factor * layer.weight
    if isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d):
        return TRANSPOSED[x.dim() - 2](
            x,
            kernel,
            stride=layer.stride,
            padding=layer.padding,  # type: ignore[arg-type]  # numbers, though torch allows a name
            output_padding=layer.output_padding,
            groups=layer.groups,
            dilation=layer.dilation,
        )
    convolve = partial(
        CONV[x.dim() - 2],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    if torch.is_autocast_enabled(x.device.type) and is_unsafe(layer.kernel_size, x.shape[2:]):
        with torch.autocast(x.device.type, enabled=False):
            return convolve(x.float(), kernel.float())
    return convolve(x, kernel)


def _conv(x: Tensor, kernel: Tensor, padding: Sequence[int], dilation: int) -> Tensor:
    wide = [dilation * p for p in padding]
    return CONV[x.dim() - 2](x, kernel, padding=wide, dilation=dilation)
