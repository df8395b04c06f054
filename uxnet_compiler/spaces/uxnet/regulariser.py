"""The regulariser that pushes gates to one of their ends (paper, Eq. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def polarisation(gates: Tensor) -> Tensor:
    """Return the mean of J = -(gate - 0.5)^2 over all gates, smallest when all are 0 or 1."""
    return -(gates - 0.5).square().mean()
