"""What strategies draw from: patches and their labels, without end."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

Batch = tuple[Tensor, Tensor]


class Batches(Protocol):
    """An endless sequence of batches that knows its place."""

    def __next__(self) -> Batch:
        """Draw the next batch."""
        ...

    def state(self) -> dict[str, Any]:
        """Return the place of the next batch."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go to a place."""
        ...
