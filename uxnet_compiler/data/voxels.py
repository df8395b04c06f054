"""Name voxels in messages the way arrays are indexed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from uxnet_compiler.errors import DataError


def name_voxel(index: Sequence[int]) -> str:
    """Return `voxel (D, H, W) = (1, 2, 3)`, or without D in 2-D."""
    axes = "(D, H, W)" if len(index) == 3 else "(H, W)"
    return f"voxel {axes} = ({', '.join(str(int(at)) for at in index)})"


def not_finite(path: Path, count: int, first: Sequence[int]) -> DataError:
    """Return the error for NaN or infinite voxels; `first` starts with the channel."""
    return DataError(
        f"{path}: {count} voxels are NaN or infinite, the first in channel {first[0]} at "
        f"{name_voxel(first[1:])}; every voxel has to be a number"
    )
