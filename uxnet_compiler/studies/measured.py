"""A data set as its headers tell it: enough to plan a job, without reading a voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from uxnet_compiler.data.dataset import Dataset
from uxnet_compiler.data.fingerprint import Fingerprint, is_ct
from uxnet_compiler.data.headers import Header, read_header
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.preprocess import planned_shape
from uxnet_compiler.errors import DataError
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.task import plan_search
from uxnet_compiler.spaces import Space
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.task import make_split
from uxnet_compiler.training.validation import some_of

# A preprocessed image: its case, its spacing, and the split in folds where that decides, too.
Kept = tuple[str, tuple[float, ...], tuple[int | None, int] | None]


@dataclass(frozen=True)
class Measured:
    """A data set, measured by its headers alone."""

    dataset: Dataset

    @cached_property
    def headers(self) -> dict[str, Header]:
        """The header of each image, by the id of its case.

        Raises:
            DataError: One cannot be read.
        """
        return {case.id: read_header(case.image) for case in self.dataset.cases}

    def frame(self, config: SearchConfig) -> tuple[Plan, Space]:
        """Return the plan and the space of a search."""
        return plan_search(self.dataset, self.fingerprint, config)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Median size and spacing; of intensities and classes nothing is known.

        Raises:
            DataError: A header cannot be read, or the images have different numbers of axes.
        """
        headers = list(self.headers.values())
        dims = headers[0].spatial_dims
        for header in headers:
            if header.spatial_dims != dims:
                raise DataError(
                    f"{header.source}: {header.spatial_dims}-D, and the cases before it {dims}-D"
                )
        spacing = self._spacing(list(self.headers))
        extents = [np.multiply(header.spacing, header.grid.shape) for header in headers]
        shape = np.rint(np.median(extents, axis=0) / spacing).astype(int)
        return Fingerprint(
            spatial_dims=dims,
            num_cases=len(headers),
            median_shape=tuple(shape.tolist()),
            median_spacing=spacing,
            channels=self.dataset.channels,
            intensities=(None,) * self.dataset.num_channels,
            class_fractions=(0.0,) * self.dataset.num_classes,
            zero_fraction=0.0,
        )

    def preprocessed(self, config: SearchConfig | TrainConfig, plan: Plan) -> dict[Kept, int]:
        """Return how many bytes each image and label map takes that a job opens preprocessed.

        The cache keeps them by case and spacing. Numbers of CT are scaled by those of the training
        cases, so that each fold has its own.

        Raises:
            DataError: An image does not fit the plan.
        """
        split = make_split(self.dataset, config.folds, config.fold)
        fold = (config.folds, config.fold) if any(map(is_ct, self.dataset.channels)) else None
        spacing = self._spacing(split.train)
        looked_at = config.validation_cases if isinstance(config, TrainConfig) else 0
        voxel_bytes = 4 * self.dataset.num_channels + (1 if self.dataset.num_classes <= 256 else 2)
        own = plan.model_copy(update={"spacing": spacing})
        return {
            (name, spacing, fold): voxel_bytes * prod(planned_shape(self.headers[name], own))
            for name in (*split.train, *some_of(split.held_out, looked_at))
        }

    def _spacing(self, ids: Sequence[str]) -> tuple[float, ...]:
        """Return the median spacing of some cases."""
        median = np.median([self.headers[name].spacing for name in ids], axis=0)
        return tuple(float(f"{value:.6g}") for value in median)
