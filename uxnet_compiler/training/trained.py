"""Open what a training left behind, ready to be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.backends.safetensors import read_weights
from uxnet_compiler.data.images import Image
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.errors import DataError, RunError
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.selftest import choose_precision
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.task import Task, read_task


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

    def segmenter(self, device: str = "auto", *, tta: bool = False) -> Segmenter:
        """Build the trained network in the precision that suits the device.

        Raises:
            RunError: The device is not there, or flips are asked of a network that saw none.
            BackendError: The weights cannot be read or do not fit.
        """
        if tta and not self.folder.read(self.folder.config_path, TrainConfig).mirror:
            raise RunError(
                f"{self.folder.path}: --tta averages over flips, and this network was trained"
                " without --mirror: it has never seen one"
            )
        target = pick_device(device)
        weights = read_weights(self.folder.weights_path, genotype_id=self.genotype.id)
        network = self.genotype.compile(weights=weights)
        precision = choose_precision("auto", target, self.plan.spatial_dims)
        return Segmenter(network, self.plan, target, precision, tta=tta)

    def check(self, image: Image, path: Path) -> None:
        """Refuse an image that the network cannot take.

        Raises:
            DataError: It has other channels or axes than the training images.
        """
        architecture = self.genotype.architecture
        if image.num_channels != architecture.in_channels:
            raise DataError(
                f"{path}: {image.num_channels} channels; the network needs "
                f"{architecture.in_channels} ({', '.join(self.task.channels)})"
            )
        if image.spatial_dims != architecture.spatial_dims:
            raise DataError(
                f"{path}: {image.spatial_dims}-D; the network needs {architecture.spatial_dims}-D"
            )
