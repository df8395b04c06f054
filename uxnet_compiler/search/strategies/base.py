"""What a search strategy is: something that steps, believes, and can be put back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from uxnet_compiler.schema import Evidence
from uxnet_compiler.search.strategies.batches import Batches
from uxnet_compiler.search.strategies.trainer import Trainer
from uxnet_compiler.search.supernet import Supernet, Weights

Penalty = Callable[[Weights], Tensor]
"""What a mixture of architectures costs, as a scalar that is added to the architecture's loss."""


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
