"""A data set as its headers tell it: enough to plan a job, without reading a voxel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from uxnet_compiler.data.dataset import Dataset
from uxnet_compiler.data.fingerprint import Fingerprint
from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.errors import DataError
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.task import plan_search
from uxnet_compiler.spaces import Space


@dataclass(frozen=True)
class Measured:
    """A data set, measured by its headers alone."""

    dataset: Dataset

    def frame(self, config: SearchConfig) -> tuple[Plan, Space]:
        """Return the plan and the space of a search."""
        return plan_search(self.dataset, self.fingerprint, config)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Median size and spacing; of intensities and classes nothing is known.

        Raises:
            DataError: A header cannot be read, or the images have different numbers of axes.
        """
        headers = [read_header(case.image) for case in self.dataset.cases]
        dims = headers[0].spatial_dims
        for header in headers:
            if header.spatial_dims != dims:
                raise DataError(
                    f"{header.source}: {header.spatial_dims}-D, and the cases before it {dims}-D"
                )
        spacing = np.median([header.spacing for header in headers], axis=0)
        extents = [np.multiply(header.spacing, header.grid.shape) for header in headers]
        shape = np.rint(np.median(extents, axis=0) / spacing).astype(int)
        return Fingerprint(
            spatial_dims=dims,
            num_cases=len(headers),
            median_shape=tuple(shape.tolist()),
            median_spacing=tuple(spacing.tolist()),
            channels=self.dataset.channels,
            intensities=(None,) * self.dataset.num_channels,
            class_fractions=(0.0,) * self.dataset.num_classes,
            zero_fraction=0.0,
        )
