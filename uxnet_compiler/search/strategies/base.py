"""What a search strategy is: something that steps, believes, and can be put back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.supernet import Supernet, Weights

if TYPE_CHECKING:
    from uxnet_compiler.search.strategies.trainer import Trainer

Batch = tuple[Tensor, Tensor]
Penalty = Callable[[Weights], Tensor]
"""What a mixture of architectures costs, as a scalar that is added to the architecture's loss."""


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


@dataclass(frozen=True)
class Step:
    """What one step found out.

    Attributes:
        loss: On the half that trains the weights.
        architecture_loss: On the other half; `None` while only weights are trained.
        dice: Mean foreground Dice on patches of the other half, averaged over recent steps.
    """

    loss: float
    architecture_loss: float | None
    dice: float | None


class Strategy(ABC):
    """A way to search; the loop around it knows nothing but this.

    Attributes:
        trainer: Of the supernet's weights.
        network: The supernet, all of whose weights are trained.
        dice: As in the last step.
    """

    trainer: Trainer
    network: Supernet
    dice: float | None

    @abstractmethod
    def step(self, train: Batches, held_out: Batches, progress: float) -> Step:
        """Take one step at `progress` (0 to 1) of the search.

        Raises:
            FloatingPointError: A loss is not finite; the message is one line.
        """

    @abstractmethod
    def evidence(self) -> Evidence:
        """Return all gates and preferences as they stand, rounded to six digits."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, as plain data."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
