"""Write a network as ONNX and run such a file with ONNX Runtime."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from uxnet_compiler.backends.target import Network, Runner, Target
from uxnet_compiler.backends.telemetry import import_onnxruntime
from uxnet_compiler.backends.weights import resolve, tensor_shapes
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing
from uxnet_compiler.ops import spell

# Protocol buffers end at 2 GiB; the graph beside the weights takes far less than a MiB per layer.
_MAX_WEIGHT_BYTES = 2**31 - 2**24


class OnnxTarget(Target):
    """One ONNX file with the weights in it.

    Shape:
        image   (batch, C, D, H, W), batch and the size free, each axis a multiple of the divisor
        logits  (batch, classes, D, H, W)
    """

    name: ClassVar[str] = "onnx"
    file: ClassVar[str] = "network.onnx"
    packages: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    def write(self, network: Network, path: Path) -> None:
        """Write the network, free of traces of this machine.

        Raises:
            BackendError: A package is missing, or the weights are too many for the format.
        """
        self.require()
        content = onnx_bytes(network, path)
        with replacing(path) as draft:
            draft.write_bytes(content)

    def open(self, path: Path, network: Network) -> Runner:  # noqa: ARG002 (the file says it all)
        """Return what runs the file in ONNX Runtime, on the CPU in float32.

        It uses as many threads as torch.

        Raises:
            BackendError: A package is missing, or ONNX Runtime refuses the file.
        """
        self.require()
        onnxruntime = import_onnxruntime()
        state = onnxruntime.capi.onnxruntime_pybind11_state
        refusals = (state.Fail, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors; warnings are about its own optimiser
        options.use_deterministic_compute = True
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except refusals as error:
            first = str(error).splitlines()[0]
            raise BackendError(f"{path}: ONNX Runtime cannot read it: {first}") from None

        def run(image: Tensor) -> Tensor:
            (logits,) = session.run(["logits"], {"image": image.numpy()})
            return torch.from_numpy(logits)

        return run


def facts(network: Network) -> dict[str, str]:
    """Return what a file without its genotype must say of itself: keys and texts, sorted."""
    return {
        "uxnet.divisor": spell(network.divisor),
        "uxnet.genotype": network.genotype_id,
        "uxnet.in_channels": str(network.in_channels),
        "uxnet.out_channels": str(network.out_channels),
    }


def onnx_bytes(network: Network, path: Path) -> bytes:
    """Return the network as ONNX; the same network gives the same bytes.

    Args:
        network: With its weights.
        path: Where it will be written, for messages.

    Raises:
        BackendError: The weights are too many for the format.
    """
    size = 4 * sum(map(math.prod, tensor_shapes(network.graph).values()))
    if size > _MAX_WEIGHT_BYTES:
        raise BackendError(
            f"{path}: {size / 2**30:.1f} GiB of weights, ONNX holds less than 2 GiB;"
            " leave this target out"
        )
    from uxnet_compiler.backends.onnx_graph import to_model

    tensors = resolve(network.graph, network.stored)
    model = to_model(network.graph, tensors, network.divisor, facts(network))
    content: bytes = model.SerializeToString(deterministic=True)
    return content
