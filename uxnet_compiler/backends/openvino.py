"""Write a network as OpenVINO's two files, and run them: the fast way on a CPU."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from uxnet_compiler.backends.onnx import facts, onnx_bytes
from uxnet_compiler.backends.target import Network, Runner, Target
from uxnet_compiler.backends.telemetry import import_openvino
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing

Precision = Literal["float32", "bfloat16"]
_HINTS: dict[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoTarget(Target):
    """The network's graph as XML, and its weights in a binary file beside it, uncompressed."""

    name: ClassVar[str] = "openvino"
    file: ClassVar[str] = "network.xml"
    beside: ClassVar[tuple[str, ...]] = ("network.bin",)
    packages: ClassVar[tuple[str, ...]] = ("onnx", "openvino")
    extra: ClassVar[str] = "openvino"

    def write(self, network: Network, path: Path) -> None:
        """Write the network, free of traces of this machine.

        Raises:
            BackendError: A package is missing, or the weights are too many for ONNX, over which
                the network goes.
        """
        self.require()
        openvino = import_openvino()
        model = core().read_model(onnx_bytes(network, path))
        _name_layers(model)
        for key, text in facts(network).items():
            model.set_rt_info(text, key.split("."))
        with replacing(path) as graph, replacing(path.with_suffix(".bin")) as weights:
            openvino.save_model(model, graph, compress_to_fp16=False)
            graph.with_suffix(".bin").replace(weights)

    def open(self, path: Path, network: Network, precision: Precision = "float32") -> Runner:  # noqa: ARG002
        """Return what runs the files on the CPU, in as many threads as torch uses.

        Args:
            path: The XML file.
            network: Not needed; the files say it all.
            precision: What OpenVINO computes in; a CPU that has no bfloat16 takes float32.

        Raises:
            BackendError: A package is missing, or OpenVINO refuses the files.
        """
        self.require()
        settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "ENABLE_CPU_PINNING": False,  # two jobs would be tied to the same cores
        }
        try:
            compiled = core().compile_model(path, "CPU", settings)
        except RuntimeError as error:
            raise BackendError(f"{path}: OpenVINO cannot read it: {_reason(error)}") from None

        def run(image: Tensor) -> Tensor:
            return torch.from_numpy(compiled(image.contiguous().numpy())[0])

        return run


@cache
def core() -> Any:
    """Return the one core of this process.

    Each has a stack for signals in the thread that opens it, and frees it with the core, not
    always before the system lets go of it: with several, Ctrl-C may kill the process.
    """
    return import_openvino().Core()


def _name_layers(model: Any) -> None:
    """Name what has no name of ours after its place, not after a counter of the process.

    Weights keep theirs, such as `n0_0.conv.weight`.
    """
    model.set_friendly_name("network")
    for place, layer in enumerate(model.get_ordered_ops()):
        kind = layer.get_type_name()
        named = kind in {"Parameter", "Result"} or "." in layer.get_friendly_name()
        if not named:
            layer.set_friendly_name(f"{kind}_{place}")


def _reason(error: RuntimeError) -> str:
    """Return the last line: those before it are places in OpenVINO's own source."""
    return str(error).strip().splitlines()[-1]
