"""Run a network with torch, on any device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runtimes.base import Runtime


def on_torch(
    network: nn.Module, spatial_dims: int, device: torch.device, precision: Precision
) -> Runtime:
    """Return what runs a network in torch.

    Args:
        network: Compiled network; it is moved to the device and put in evaluation mode.
        spatial_dims: 2 or 3.
        device: Where the network runs.
        precision: How it computes.
    """
    network.to(device).eval()
    prepare(network, spatial_dims, is_last=precision.channels_last)

    @torch.inference_mode()
    def run(windows: Tensor) -> Tensor:
        if precision.channels_last:
            windows = channels_last(windows, spatial_dims)
        half = precision.dtype == "bfloat16"
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits: Tensor = network(windows)
        return logits.float()

    return Runtime("torch", precision.dtype, device, run)
