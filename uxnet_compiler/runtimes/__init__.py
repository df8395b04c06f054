"""Ways to run a trained network on images: torch, ONNX Runtime, OpenVINO; and the choice."""

from uxnet_compiler.runtimes.base import Runtime
from uxnet_compiler.runtimes.choice import LIMITS, Choice, Wanted, choose
from uxnet_compiler.runtimes.modules import on_torch

__all__ = ["LIMITS", "Choice", "Runtime", "Wanted", "choose", "on_torch"]
