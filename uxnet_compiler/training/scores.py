"""Compare a segmentation with the truth: overlap, surface overlap, surface distance.

A label that neither has counts as right: Dice 1, surface Dice 1, distance 0. A label that only
one has counts as wrong: Dice 0, surface Dice 0, and no distance, since none is defined.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Labels = NDArray[np.integer[Any]]


class Score(BaseModel):
    """How good one label of one case is.

    Attributes:
        dice: Overlap 2 |A and B| / (|A| + |B|), 0 to 1.
        nsd: Normalised surface Dice: part of both surfaces within the tolerance of the other.
        hd95_mm: The larger of the two 95th percentiles of surface distances; None where only one
            of the two has the label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dice: float
    nsd: float
    hd95_mm: float | None


def score(
    found: Labels, truth: Labels, label: int, spacing: Sequence[float], tolerance_mm: float
) -> Score:
    """Compare one label of two label maps on the same grid.

    Shape:
        found, truth  (D, H, W) or (H, W)

    Args:
        found: The segmentation.
        truth: The reference.
        label: Its value.
        spacing: Voxel size in mm, in the order of the array's axes.
        tolerance_mm: Distance at which surfaces count as the same.

    Source: Nikolov et al., arXiv 1809.04430, for the surface Dice; both distances as in MONAI.
    """
    a, b = found == label, truth == label
    overlap = dice(a, b)
    if not a.any() or not b.any():
        return Score(dice=overlap, nsd=overlap, hd95_mm=0.0 if overlap == 1.0 else None)
    a, b = _crop(a, b)
    one, other = (torch.from_numpy(mask)[None, None] for mask in (a, b))
    with warnings.catch_warnings():
        # MONAI 1.5 and 1.6 warn of an argument that they pass to themselves.
        warnings.filterwarnings("ignore", ".*always_return_as_numpy", FutureWarning)
        nsd = compute_surface_dice(
            one,
            other,
            class_thresholds=[tolerance_mm],
            include_background=True,
            spacing=tuple(spacing),
            use_subvoxels=True,
        )
        distance = compute_hausdorff_distance(
            one, other, include_background=True, percentile=95, spacing=tuple(spacing)
        )
    return Score(dice=overlap, nsd=float(nsd), hd95_mm=float(distance))


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the overlap of two masks, 1 when both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def _crop(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Cut both masks to their common box and one empty voxel around it: the same, but faster."""
    used = np.argwhere(a | b)
    low, high = used.min(axis=0), used.max(axis=0) + 1
    box = tuple(slice(i, j) for i, j in zip(low, high, strict=True))
    return np.pad(a[box], 1), np.pad(b[box], 1)
