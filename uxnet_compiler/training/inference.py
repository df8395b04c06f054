"""Apply a network to a whole image, window by window."""

from __future__ import annotations

from itertools import combinations

import torch
from monai.inferers.utils import sliding_window_inference
from torch import nn

from uxnet_compiler.data.plan import Plan
from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last, channels_last_
from uxnet_compiler.machine.selftest import Precision

OVERLAP = 0.5
WINDOWS_AT_ONCE = 2


class Segmenter:
    """A network that is ready to be applied to preprocessed images of any size.

    The windows have the size of the training patches and overlap by half; where they overlap,
    probabilities are averaged with Gaussian weights.

    Args:
        network: Compiled network; it is moved to the device and put in evaluation mode.
        plan: For the size of the windows.
        device: Where the network runs; the probabilities of the whole image stay on the CPU.
        precision: How the network computes.
        tta: Average over all flips of each window (test-time augmentation): 2^axes times slower.
    """

    def __init__(
        self,
        network: nn.Module,
        plan: Plan,
        device: torch.device,
        precision: Precision,
        *,
        tta: bool = False,
    ) -> None:
        self.network = network.to(device).eval()
        self._plan = plan
        self._device = device
        self._precision = precision
        axes = range(2, 2 + plan.spatial_dims)
        self._flips: list[tuple[int, ...]] = [()]
        if tta:
            self._flips = [c for n in range(len(axes) + 1) for c in combinations(axes, n)]
        if precision.channels_last:
            channels_last_(self.network, plan.spatial_dims)
        guard(self.network)

    @torch.inference_mode()
    def probabilities(self, image: torch.Tensor) -> torch.Tensor:
        """Return the probability of each class at each voxel.

        Shape:
            image  (C, D, H, W) or (C, H, W), on the plan's grid
            out    (K, D, H, W) or (K, H, W), float32, on the CPU
        """
        found = sliding_window_inference(
            image[None].float(),
            self._plan.patch_size,
            WINDOWS_AT_ONCE,
            self._windows,
            overlap=OVERLAP,
            mode="gaussian",
            sw_device=self._device,
            device="cpu",
        )
        assert isinstance(found, torch.Tensor)
        return found[0]

    def _windows(self, windows: torch.Tensor) -> torch.Tensor:
        if self._precision.channels_last:
            windows = channels_last(windows, self._plan.spatial_dims)
        total = torch.zeros((), device=windows.device)
        for axes in self._flips:
            total = total + self._once(windows.flip(axes)).flip(axes)
        return total / len(self._flips)

    def _once(self, windows: torch.Tensor) -> torch.Tensor:
        half = self._precision.dtype == "bfloat16"
        with torch.autocast(windows.device.type, torch.bfloat16, enabled=half):
            logits: torch.Tensor = self.network(windows)
        return logits.float().softmax(dim=1)
