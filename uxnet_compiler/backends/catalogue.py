"""Every target by name. A new one is a line here."""

from __future__ import annotations

from uxnet_compiler.backends.exported import ExportedTarget
from uxnet_compiler.backends.onnx import OnnxTarget
from uxnet_compiler.backends.openvino import OpenVinoTarget
from uxnet_compiler.backends.source import SourceTarget
from uxnet_compiler.backends.target import Target
from uxnet_compiler.backends.weights_file import TorchTarget
from uxnet_compiler.registry import Registry

TARGETS: Registry[Target] = Registry(
    "target",
    [
        TorchTarget(),
        SourceTarget(),
        OnnxTarget(),
        ExportedTarget(),
        OpenVinoTarget(),
    ],
)
