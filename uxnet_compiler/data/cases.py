"""Load preprocessed cases: made once, then opened as memory maps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray

from uxnet_compiler.data import preprocess as preprocessing
from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.fingerprint import read_case
from uxnet_compiler.data.parallel import in_parallel
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.store import Store, Tensors
from uxnet_compiler.errors import DataError

_PLACES_PER_CLASS = 10_000  # enough to hit every part of an organ

Places = list[NDArray[np.int64]]


class LoadedCase(TypedDict):
    """A preprocessed case.

    Shape:
        image   (C, D, H, W) or (C, H, W), float32
        label   (1, D, H, W) or (1, H, W), uint8, or int16 where there are more classes
        places  per foreground class of the case, flat indices of some of its voxels
    """

    id: str
    image: torch.Tensor
    label: torch.Tensor
    places: Places


def load_cases(
    dataset: Dataset,
    ids: Sequence[str],
    plan: Plan,
    progress: Callable[[int, int], None] | None = None,
) -> list[LoadedCase]:
    """Read and preprocess the cases with the given ids, in their order, or find them made before.

    Raises:
        DataError: An id is not in the data set, or a case cannot be used.
        RunError: The cache cannot be written.
    """
    by_id = {case.id: case for case in dataset.cases}
    for name in ids:
        if name not in by_id:
            raise DataError(f"{dataset.root}: no case with the id {name!r}")
    store = Store("cases", (preprocessing, sys.modules[__name__]))
    how = [
        plan.model_dump(mode="json", include={"spatial_dims", "spacing", "normalisation"}),
        [dataset.num_channels, dataset.num_classes, dataset.values],
    ]

    def load(name: str) -> LoadedCase:
        case = by_id[name]
        found = store.get((case.image, case.label), how, lambda: _make(dataset, case, plan))
        image, label = found.pop("image"), found.pop("label")
        places = [found[key].numpy() for key in sorted(found)]
        return LoadedCase(id=name, image=image, label=label, places=places)

    return in_parallel(load, ids, progress)


def find_places(label: torch.Tensor) -> Places:
    """List, per foreground class of a case, flat indices of voxels evenly spread over it."""
    flat = label.numpy().ravel()
    places = []
    for value in np.unique(flat[flat > 0]):
        voxels = np.flatnonzero(flat == value)
        places.append(voxels[:: max(1, -(-len(voxels) // _PLACES_PER_CLASS))])
    return places


def _make(dataset: Dataset, case: Case, plan: Plan) -> Tensors:
    image, label = read_case(dataset, case)
    planned = preprocessing.preprocess_label(label, image, plan)
    small = np.uint8 if dataset.num_classes <= 256 else np.int16
    made = {
        "image": torch.from_numpy(preprocessing.preprocess(image, plan)),
        "label": torch.from_numpy(planned[None].astype(small)),
    }
    places = find_places(made["label"])
    return made | {f"places{i:05d}": torch.from_numpy(p) for i, p in enumerate(places)}
