"""What a runtime is: something that turns windows of images into logits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from uxnet_compiler.backends.target import Runner

RuntimeName = Literal["torch", "onnx", "openvino"]
Number = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Runtime:
    """A network that is ready to run.

    Attributes:
        name: What runs it.
        precision: What it computes in.
        device: Where windows and logits lie.
        run: Does it.
    """

    name: RuntimeName
    precision: Number
    device: torch.device
    run: Runner = field(repr=False)

    def __call__(self, windows: Tensor) -> Tensor:
        """Return the logits of a batch.

        Shape:
            windows  (B, C, D, H, W) or (B, C, H, W), float32
            out      (B, K, D, H, W) or (B, K, H, W), float32
        """
        return self.run(windows)

    def __str__(self) -> str:
        return f"{self.name} {self.precision}"
