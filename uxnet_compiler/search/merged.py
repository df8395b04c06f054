"""Compute several linear candidates as one convolution.

A weighted sum of convolutions of one input is the convolution with the weighted sum of their
kernels, each embedded in the largest. Two convolutions in a row without a norm between them
compose to one. So a mixed op costs about one convolution instead of one per candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the name everybody knows)

from uxnet_compiler.machine.guard import is_unsafe
from uxnet_compiler.ops import Conv, LayerOp

CONV = {2: F.conv2d, 3: F.conv3d}
CHANNELS_LAST = {2: torch.channels_last, 3: torch.channels_last_3d}


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
    places = list(product(range(dilation), repeat=dims))
    grids = [x[_every(dilation, place)] for place in places]
    stacked = CONV[dims](torch.cat(grids), kernel, padding=padding)
    out = stacked.new_empty((x.shape[0], kernel.shape[0], *x.shape[2:]))
    if stacked.is_contiguous(memory_format=CHANNELS_LAST[dims]):
        out = out.contiguous(memory_format=CHANNELS_LAST[dims])
    for place, grid in zip(places, stacked.chunk(len(places)), strict=True):
        out[_every(dilation, place)] = grid
    return out[(slice(None), slice(None), *(slice(0, n) for n in size))]


def _conv(x: Tensor, kernel: Tensor, padding: Sequence[int], dilation: int) -> Tensor:
    wide = [dilation * p for p in padding]
    return CONV[x.dim() - 2](x, kernel, padding=wide, dilation=dilation)


def _every(step: int, start: Sequence[int]) -> tuple[slice, ...]:
    """Index every `step`-th voxel from `start` on, for all images and channels."""
    return (slice(None), slice(None), *(slice(at, None, step) for at in start))
