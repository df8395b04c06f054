"""Find out before measuring that an image is too small for a norm."""

from __future__ import annotations

import math

from uxnet_compiler.errors import GraphError
from uxnet_compiler.ops import GroupNorm, InstanceNorm, Op, TensorType, spell


def require_runnable(op: Op, given: TensorType, image_size: tuple[int, ...], where: str) -> None:
    """Refuse a size that leaves a norm one number to normalise, which torch does not take.

    Args:
        op: Any; batch norms normalise by what they collected in training, and take one number.
        given: The map that it reads.
        image_size: Voxels per axis (D, H, W).
        where: The op, for the message.

    Raises:
        GraphError: The size is that small.
    """
    if isinstance(op, InstanceNorm):
        channels = 1
    elif isinstance(op, GroupNorm):
        channels = given.channels // op.group_count(given.channels)
    else:
        return
    if channels * math.prod(given.size(image_size)) == 1:
        raise GraphError(
            f"size {spell(image_size)}: leaves one number for the norm {where};"
            " take a larger size to measure"
        )
