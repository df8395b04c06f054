"""Open what a training left behind, ready to be used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from uxnet_compiler.analysis import cost
from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.backends.target import Network
from uxnet_compiler.compiler import assemble
from uxnet_compiler.data.headers import Header
from uxnet_compiler.data.images import Image
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.ir import Graph
from uxnet_compiler.lowering import lower
from uxnet_compiler.passes import INFERENCE, run_passes
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runtimes import Choice, Wanted, choose
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.footprint import Footprint, footprint
from uxnet_compiler.training.inference import WINDOWS_AT_ONCE
from uxnet_compiler.training.task import Task, read_task
from uxnet_compiler.wording import counted


@dataclass(frozen=True)
class TrainedRun:
    """A run that has weights."""

    folder: RunFolder
    genotype: Genotype
    plan: Plan
    task: Task

    @classmethod
    def open(cls, path: Path) -> TrainedRun:
        """Open the folder of a training.

        Raises:
            RunError: It is no run, or has no weights yet.
        """
        folder = RunFolder.open(path)
        if not folder.weights_path.is_file():
            raise RunError(f"{path}: no weights.safetensors in it; `uxnet train` writes them")
        return cls(
            folder,
            load(folder.genotype_path),
            folder.read(folder.plan_path, Plan),
            read_task(folder),
        )

    def require_mirrored(self) -> None:
        """Refuse to average over flips what has never seen one.

        Raises:
            RunError: The network was trained without flips.
        """
        if not self.folder.read(self.folder.config_path, TrainConfig).mirror:
            raise RunError(
                f"{self.folder.path}: --tta averages over flips, and this network was trained"
                " without --mirror: it has never seen one"
            )

    def network(self) -> Network:
        """Return the compiled network with the trained weights.

        Raises:
            BackendError: The weights cannot be read or do not fit.
        """
        architecture, path = self.genotype.architecture, self.folder.weights_path
        stored = read_weights(path, genotype_id=self.genotype.id)
        document, graph = lower(architecture), self._graph
        return Network(
            name=self.genotype.name,
            genotype_id=self.genotype.id,
            document=document,
            graph=graph,
            stored=stored,
            module=assemble(document, graph, stored, source=str(path)).eval(),
            divisor=architecture.total_stride,
        )

    def runtime(self, wanted: Wanted = "torch", device: str = "auto") -> Choice:
        """Open the trained network in a runtime.

        Args:
            wanted: As for `uxnet_compiler.runtimes.choose`.
            device: `auto`, `cpu`, `cuda` ...

        Raises:
            RunError: The device is not there.
            BackendError: The weights or the runtime cannot be used.
        """
        channels = self.genotype.architecture.in_channels
        batch = (WINDOWS_AT_ONCE, channels, *self.plan.patch_size)
        return choose(wanted, self.network(), batch, device)

    @cached_property
    def _graph(self) -> Graph:
        return run_passes(lower(self.genotype.architecture), INFERENCE)

    def footprint(self, image: Image | Header, runtime: Wanted = "torch") -> Footprint:
        """Predict what it takes to segment an image.

        Raises:
            DataError: The image does not fit the plan.
        """
        network = cost(self._graph, self.plan.patch_size)
        classes = self.genotype.architecture.out_channels
        return footprint(image, self.plan, network, classes, runtime)

    def check(self, image: Image | Header, path: Path) -> None:
        """Refuse an image that the network cannot take.

        Raises:
            DataError: It has other channels or axes than the training images.
        """
        architecture = self.genotype.architecture
        if image.num_channels != architecture.in_channels:
            raise DataError(
                f"{path}: {counted(image.num_channels, 'channel')}; the network needs "
                f"{architecture.in_channels} ({', '.join(self.task.channels)})"
            )
        if image.spatial_dims != architecture.spatial_dims:
            raise DataError(
                f"{path}: {image.spatial_dims}-D; the network needs {architecture.spatial_dims}-D"
            )
