"""What a pass is."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import ClassVar

from uxnet_compiler.ir import Graph

log = logging.getLogger(__name__.rpartition(".")[0])


class Pass(ABC):
    """Rewrite a graph in place without changing what the network computes.

    A pass is a frozen dataclass; its fields are its options, each with a default. Its docstring
    states in the first line what it is for, then what stands there Before, what After, and what
    it Keeps.
    """

    name: ClassVar[str]
    trainable: ClassVar[bool] = True
    """Whether training sees the same network: every tensor stays one tensor under its own name,
    and gradients are the same."""
    exact: ClassVar[bool] = True
    """Whether the outputs stay equal, up to rounding; a pass that cuts weak parts off is not."""

    @abstractmethod
    def run(self, graph: Graph) -> int:
        """Rewrite and return the number of rewrites; a second run returns 0."""

    def decline(self, value: str, reason: str) -> None:
        """Tell at debug level why a value that looked right stays as it is."""
        log.debug("%s leaves %s: %s", self.name, value, reason)
