"""What a back end is: it writes a network as one file that others can run, and opens it again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from torch import Tensor
from torch.fx import GraphModule

from uxnet_compiler.errors import BackendError
from uxnet_compiler.ir import Graph

Runner = Callable[[Tensor], Tensor]
"""Maps images (B, C, D, H, W) to logits (B, classes, D, H, W), float32 on the CPU."""


@dataclass(frozen=True)
class Network:
    """A compiled network with its weights: what every back end writes.

    Attributes:
        name: Name of the genotype.
        genotype_id: Identity of its architecture.
        document: The graph before any pass; the stored weights are named after its values.
        graph: The same after the passes.
        stored: Weights by name.
        module: What the torch back end made of graph and weights; in eval mode, float32.
        divisor: Image sizes are multiples of it, per axis (D, H, W).
    """

    name: str
    genotype_id: str
    document: Graph
    graph: Graph
    stored: Mapping[str, Tensor]
    module: GraphModule
    divisor: tuple[int, ...]

    @property
    def in_channels(self) -> int:
        """Return the channels of the image."""
        return self.graph.input().type.channels

    @property
    def out_channels(self) -> int:
        """Return the number of classes, background included."""
        return self.graph.outputs()[0].type.channels


class Target(ABC):
    """A form that a network can be written in.

    Writing the same network twice gives the same bytes, with no trace of the machine.
    """

    name: ClassVar[str]
    file: ClassVar[str]
    """Name of what is written, and of what `open` is given."""
    beside: ClassVar[tuple[str, ...]] = ()
    """Names of what else is written, in the same folder."""
    packages: ClassVar[tuple[str, ...]] = ()
    """What must be installed beyond the plain package."""
    extra: ClassVar[str] = ""
    """The extra of this package that installs them."""

    def require(self) -> None:
        """Check that all packages are there.

        Raises:
            BackendError: One is missing; the message says how to get it.
        """
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise BackendError(
                f"target {self.name}: {', '.join(missing)} missing; to get it:"
                f" pip install 'uxnet-compiler[{self.extra}]'"
            )

    @abstractmethod
    def write(self, network: Network, path: Path) -> None:
        """Write the network.

        Raises:
            BackendError: The form cannot hold it.
        """

    @abstractmethod
    def open(self, path: Path, network: Network) -> Runner:
        """Return what runs the file that `write` wrote, in float32.

        Raises:
            BackendError: The file cannot be run.
        """
