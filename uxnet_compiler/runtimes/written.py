"""Run a network with the runtimes that read a file of it; they compute on the CPU."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.openvino import OpenVinoTarget, core
from uxnet_compiler.backends.target import Network
from uxnet_compiler.backends.telemetry import import_onnxruntime
from uxnet_compiler.errors import BackendError
from uxnet_compiler.machine.selftest import bfloat16_defect
from uxnet_compiler.runtimes.base import Number, Runtime

CPU = torch.device("cpu")
Failures = tuple[type[Exception], ...]


def with_onnx(network: Network) -> Runtime:
    """Return what runs a network in ONNX Runtime, in float32.

    Raises:
        BackendError: A package is missing, or the network cannot be written or read; running it
            raises that, too.
    """
    target = OnnxTarget()
    target.require()
    failures = _onnx_failures()
    with tempfile.TemporaryDirectory() as folder, _one_line(target.name, failures):
        path = Path(folder) / target.file
        target.write(network, path)
        run = target.open(path, network)

    def guarded(windows: Tensor) -> Tensor:
        with _one_line(target.name, failures):
            return run(windows)

    return Runtime("onnx", "float32", CPU, guarded)


def with_openvino(network: Network, precision: Number) -> Runtime:
    """Return what runs a network in OpenVINO.

    Raises:
        BackendError: As for `with_onnx`, or the precision is not right here.
    """
    target = OpenVinoTarget()
    target.require()
    with tempfile.TemporaryDirectory() as folder, _one_line(target.name):
        if precision == "bfloat16":
            _require_bfloat16(len(network.divisor))
        path = Path(folder) / target.file
        target.write(network, path)
        run = target.open(path, network, precision)

    def guarded(windows: Tensor) -> Tensor:
        with _one_line(target.name):
            return run(windows)

    return Runtime("openvino", precision, CPU, guarded)


def _require_bfloat16(spatial_dims: int) -> None:
    """Refuse a precision that the processor lacks: OpenVINO would take float32 without a word.

    Raises:
        BackendError: It lacks it, or its kernels are wrong.
    """
    able = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if "BF16" not in able:
        raise BackendError("runtime openvino bfloat16: this processor has no units for it")
    defect = bfloat16_defect("cpu", spatial_dims)
    if defect is not None:
        raise BackendError(f"runtime openvino bfloat16: bfloat16 is wrong here: {defect}")


def _onnx_failures() -> Failures:
    """Return what ONNX Runtime raises; its errors have no base of their own."""
    with _one_line("onnx"):
        state = import_onnxruntime().capi.onnxruntime_pybind11_state
    return (
        *(RuntimeError, state.EPFail, state.Fail, state.InvalidArgument),
        *(state.NotImplemented, state.RuntimeException),
    )


@contextmanager
def _one_line(name: str, failures: Failures = (RuntimeError, ImportError)) -> Iterator[None]:
    """Retell what a foreign runtime raises, which is many lines about its own source, as one.

    Raises:
        BackendError: One of the failures was raised in the block.
    """
    try:
        yield
    except failures as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = lines[-1] if lines else type(error).__name__
        raise BackendError(f"runtime {name}: {reason}") from None
