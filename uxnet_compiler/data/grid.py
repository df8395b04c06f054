"""Where the voxels of an image lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from uxnet_compiler.data.nifti import NiftiGeometry

_T = TypeVar("_T")


@dataclass(frozen=True)
class Grid:
    """Where the voxels of an image lie in the patient, in SimpleITK's order (x, y, z) and mm."""

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    nifti: NiftiGeometry | None = field(default=None, compare=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an array on this grid, (D, H, W), or (H, W) where there is a single slice."""
        return self._used(self.size)

    @property
    def array_spacing(self) -> tuple[float, ...]:
        """Distance of neighbouring voxels in mm, in the order of `shape`."""
        return self._used(self.spacing)

    def difference(self, other: Grid) -> str | None:
        """Say how another grid differs from this one beyond rounding, or return None."""
        if self.shape != other.shape:
            return f"size {other.shape} instead of {self.shape}"
        if len(self.size) != len(other.size):
            return None  # one file keeps its single slice as 3-D, the other as 2-D
        tolerance = 1e-2 * min(self.spacing)  # mm; software rounds positions differently
        for name, mine, theirs, allowed in (
            ("spacing", self.spacing, other.spacing, 0.1 * tolerance),
            ("origin", self.origin, other.origin, tolerance),
            ("direction", self.direction, other.direction, 1e-3),
        ):
            if not np.allclose(mine, theirs, rtol=0, atol=allowed):
                return f"{name} {_rounded(theirs)} instead of {_rounded(mine)}"
        return None

    def _used(self, per_axis: tuple[_T, ...]) -> tuple[_T, ...]:
        single_slice = len(self.size) == 3 and self.size[2] == 1
        return per_axis[1::-1] if single_slice else per_axis[::-1]


def _rounded(values: tuple[float, ...]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"
