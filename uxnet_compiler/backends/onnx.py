"""Write a network as ONNX and run such a file with ONNX Runtime."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from uxnet_compiler.backends.target import Network, Runner, Target
from uxnet_compiler.backends.telemetry import import_onnxruntime
from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing
from uxnet_compiler.ops import spell

INPUT_NAME = "image"
OUTPUT_NAME = "logits"

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
    packages: ClassVar[tuple[str, ...]] = ("onnx", "onnxscript", "onnxruntime")
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
        try:
            session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except refusals as error:
            first = str(error).splitlines()[0]
            raise BackendError(f"{path}: ONNX Runtime cannot read it: {first}") from None

        def run(image: Tensor) -> Tensor:
            (logits,) = session.run([OUTPUT_NAME], {INPUT_NAME: image.numpy()})
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
    tensors = network.module.state_dict().values()
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if size > _MAX_WEIGHT_BYTES:
        raise BackendError(
            f"{path}: {size / 2**30:.1f} GiB of weights, ONNX holds less than 2 GiB;"
            " leave this target out"
        )
    model = _export(network)
    _strip(model)
    for key, text in facts(network).items():
        model.metadata_props.add(key=key, value=text)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _export(network: Network) -> Any:
    from torch.export import Dim

    # A batch of one and an axis of one would be taken as constants.
    example = torch.zeros(2, network.in_channels, *(4 * d for d in network.divisor))
    dims: dict[int, Any] = {0: Dim("batch")}
    axes = zip("dhw"[-len(network.divisor) :], network.divisor, strict=True)
    for axis, (name, d) in enumerate(axes, start=2):
        free = Dim(name, min=2)
        dims[axis] = free if d == 1 else d * free
    with _quiet():
        program = torch.onnx.export(
            network.module,
            (example,),
            dynamo=True,
            dynamic_shapes={"x": dims},
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            verbose=False,
        )
    assert program is not None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the exporter says about things that do not concern us."""

    def not_about_torchvision(record: logging.LogRecord) -> bool:
        return "torchvision is not installed" not in record.getMessage()

    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    logger.addFilter(not_about_torchvision)
    try:
        with warnings.catch_warnings():
            # torch.export deprecates what torch.export itself calls.
            warnings.filterwarnings(
                "ignore", message=r".*isinstance\(treespec, LeafSpec\)", category=FutureWarning
            )
            yield
    finally:
        logger.removeFilter(not_about_torchvision)


def _strip(message: Any) -> None:
    """Remove stack traces, source paths and names of the exporter's own objects."""
    for field, value in message.ListFields():
        if field.name in {"metadata_props", "doc_string"}:
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                _strip(part)
