"""What a pass is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from uxnet_compiler.ir import Graph


class Pass(ABC):
    """Rewrite a graph in place without changing what the network computes.

    A pass is a frozen dataclass; its fields are its options. Its docstring states what stands
    there Before, what After, and what it Keeps.
    """

    name: ClassVar[str]

    @abstractmethod
    def run(self, graph: Graph) -> int:
        """Rewrite and return the number of rewrites; a second run returns 0."""
