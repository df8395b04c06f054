"""Import runtimes that would call home, so that they do not.

What people do with images of patients is nobody else's business; both packages tell their makers
about it unless they are told not to before they are imported, and write into the home folder.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType

_OPENVINO = "openvino_telemetry"


def import_onnxruntime() -> ModuleType:
    """Import ONNX Runtime without its telemetry, in its documented way; a user's setting wins."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_module("onnxruntime")


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry: it carries on when that package is missing."""
    if "openvino" in sys.modules:
        return sys.modules["openvino"]
    before = sys.modules.get(_OPENVINO)
    sys.modules[_OPENVINO] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        return import_module("openvino")
    finally:
        del sys.modules[_OPENVINO]
        if before is not None:
            sys.modules[_OPENVINO] = before
