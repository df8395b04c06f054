"""Write a network as ONNX and check it against ONNX Runtime."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from uxnet_compiler.errors import BackendError
from uxnet_compiler.files import replacing

INPUT_NAME = "image"
OUTPUT_NAME = "logits"

# Largest difference that rounding explains, as a part of the largest logit: float32 keeps 7
# digits, a long sum loses two or three.
TOLERANCE = 1e-3
# ONNX files are protocol buffers, which end at 2 GiB.
_MAX_BYTES = 2**31 - 2**20


def require_onnx() -> None:
    """Check that the packages are there, before any work.

    Raises:
        BackendError: One is missing; the message says how to get it.
    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            __import__(name)
        except ImportError:
            raise BackendError(
                f"writing ONNX needs the package {name!r}: pip install 'uxnet-compiler[onnx]',"
                " or leave it out with --no-onnx"
            ) from None


def write_onnx(
    network: nn.Module,
    path: Path,
    *,
    in_channels: int,
    divisor: tuple[int, ...],
    metadata: Mapping[str, str],
) -> float:
    """Write a network as ONNX, free of traces of this machine, and return how exact it is.

    Shape:
        image   (batch, C, D, H, W), batch and the size free, each axis a multiple of `divisor`
        logits  (batch, classes, D, H, W)

    Returns:
        The largest difference between the logits of torch and of ONNX Runtime, in float32, over
        two sizes.

    Raises:
        BackendError: A package is missing, the network is too large for the format, or ONNX
            Runtime computes something else.
    """
    require_onnx()
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    if size > _MAX_BYTES:
        raise BackendError(f"{path}: {size} bytes of weights, an ONNX file holds {_MAX_BYTES}")
    network.eval()
    model = _export(network, in_channels, divisor)
    _strip(model)
    for key in sorted(metadata):
        model.metadata_props.add(key=key, value=metadata[key])
    content = model.SerializeToString(deterministic=True)
    difference = _largest_difference(network, content, in_channels, divisor)
    with replacing(path) as draft:
        draft.write_bytes(content)
    return difference


def _export(network: nn.Module, in_channels: int, divisor: tuple[int, ...]) -> Any:
    from torch.export import Dim

    # A batch of one and an axis of one would be taken as constants.
    example = torch.zeros(2, in_channels, *(4 * d for d in divisor))
    dims: dict[int, Any] = {0: Dim("batch")}
    for axis, (name, d) in enumerate(zip("dhw"[-len(divisor) :], divisor, strict=True), start=2):
        free = Dim(name, min=2)
        dims[axis] = free if d == 1 else d * free
    with _quiet():
        program = torch.onnx.export(
            network,
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


def _largest_difference(
    network: nn.Module, content: bytes, in_channels: int, divisor: tuple[int, ...]
) -> float:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; warnings are about its own optimiser
    options.use_deterministic_compute = True
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    # Two sizes and batches unlike the exported one; at the deepest level at least 2 voxels.
    for batch, factors in ((1, (2, 3, 4)), (2, (4, 2, 2))):
        size = [f * d for f, d in zip(factors[-len(divisor) :], divisor, strict=True)]
        image = torch.randn(batch, in_channels, *size, generator=generator)
        with torch.inference_mode():
            expected = network(image)
        found = torch.from_numpy(session.run([OUTPUT_NAME], {INPUT_NAME: image.numpy()})[0])
        difference = float((expected - found).abs().max())
        limit = TOLERANCE * max(1.0, float(expected.abs().max()))
        if not difference <= limit:
            raise BackendError(
                f"ONNX Runtime computes something else than torch: logits differ by"
                f" {difference:.3g} at size {tuple(size)}, {limit:.3g} is the limit"
            )
        largest = max(largest, difference)
    return largest
