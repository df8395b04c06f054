"""The weights alone as safetensors: what training, our own networks and every lab can read."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from uxnet_compiler.backends.safetensors import read_weights, write_weights
from uxnet_compiler.backends.target import Network, Runner, Target
from uxnet_compiler.backends.torch import build, load_weights
from uxnet_compiler.backends.weights import resolve


class TorchTarget(Target):
    """The stored weights by the names of the document; with genotype.json they are the network."""

    name: ClassVar[str] = "torch"
    file: ClassVar[str] = "weights.safetensors"

    def write(self, network: Network, path: Path) -> None:
        """Write the weights, with the id of the architecture."""
        write_weights(network.stored, path, genotype_id=network.genotype_id)

    def open(self, path: Path, network: Network) -> Runner:
        """Return the module of the optimised graph with the weights of the file.

        Raises:
            BackendError: The file is no safetensors file, or of another architecture.
        """
        stored = read_weights(path, genotype_id=network.genotype_id)
        module = build(network.graph, seed=None)
        load_weights(module, resolve(network.graph, stored, source=str(path)), source=str(path))
        module.eval()

        @torch.inference_mode()
        def run(image: Tensor) -> Tensor:
            logits: Tensor = module(image)
            return logits

        return run
