"""Run what was written, and compare it with what the document means."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from uxnet_compiler.backends.reference import reference
from uxnet_compiler.backends.target import Network, Target
from uxnet_compiler.errors import BackendError
from uxnet_compiler.ops import spell
from uxnet_compiler.validation import sizes

TOLERANCE = 1e-3
"""Largest difference that rounding explains, as a part of the largest logit: float32 keeps 7
digits, long sums and norms over few voxels lose two or three."""


class Verifier:
    """Compare targets with the document's network, before any pass and in float64.

    Args:
        network: What the targets were written from.
        exact: Whether they promise to compute the same; otherwise a difference is only told.
    """

    def __init__(self, network: Network, *, exact: bool) -> None:
        self._network = network
        self._exact = exact

    @cached_property
    def _samples(self) -> list[tuple[Tensor, Tensor]]:
        """Images at two sizes and batches, and the logits that they should have."""
        module = reference(self._network.document, self._network.stored)
        generator = torch.Generator().manual_seed(0)
        found = []
        for batch, size in enumerate(sizes(self._network.divisor), start=1):
            image = torch.randn(batch, self._network.in_channels, *size, generator=generator)
            with torch.inference_mode():
                found.append((image, module(image.double())))
        return found

    def difference(self, target: Target, folder: Path) -> float:
        """Return the largest difference of the logits of a target, relative to the largest logit.

        Raises:
            BackendError: The file cannot be run, or computes something else.
        """
        run = target.open(folder / target.file, self._network)
        limit = TOLERANCE if self._exact else math.inf  # which NaN exceeds, too
        largest = 0.0
        for image, expected in self._samples:
            found = run(image).double()
            scale = max(1.0, float(expected.abs().max()))
            difference = float((found - expected).abs().max()) / scale
            if not difference <= limit:
                raise BackendError(
                    f"target {target.name} computes something else than the document: logits"
                    f" differ by {difference:.3g} of the largest at size"
                    f" {spell(tuple(image.shape[2:]))}, {limit:.0e} is the limit"
                )
            largest = max(largest, difference)
        return largest
