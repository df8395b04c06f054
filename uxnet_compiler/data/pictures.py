"""Open folders of 2-D pictures and masks: a picture and its mask share the stem of their names.

Source: the challenge "Skin Lesion Analysis Toward Melanoma Detection 2018" (ISIC), arXiv
1902.03368, for the layout of its task 1.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.headers import read_header
from uxnet_compiler.data.images import case_id, is_picture, read_label
from uxnet_compiler.data.itk import PICTURES
from uxnet_compiler.data.parallel import in_parallel
from uxnet_compiler.data.store import Store, Tensors
from uxnet_compiler.errors import DataError

_MASK_ENDINGS = ("_mask", "_segmentation", "_label")
_CHANNELS = {1: ("gray",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}
_WHITE = 255


@dataclass(frozen=True)
class Layout:
    """Where pictures and masks lie in the folder of a data set, and what white masks show."""

    images: str
    masks: str
    shown: str = "foreground"


LAYOUTS = (
    Layout("images", "masks"),
    Layout("images", "labels"),
    Layout("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth", "lesion"),
)


def open_pictures(root: Path, layout: Layout) -> Dataset:
    """Pair the pictures of a data set with their masks, and find out what the masks hold.

    Masks are black and white (0 and 255), or hold the number of a class in each pixel. All of
    them are read the first time.

    Raises:
        DataError: A picture has no mask or a mask no picture, or the masks hold other values.
        RunError: The cache cannot be written.
    """
    images = _by_id(root / layout.images, ())
    masks = _by_id(root / layout.masks, _MASK_ENDINGS)
    if not images:
        raise DataError(f"{root / layout.images}: no picture; {', '.join(PICTURES)} are read")
    for name in sorted(images.keys() ^ masks.keys()):
        if name in images:
            raise DataError(f"{images[name]}: no mask called {name} in {root / layout.masks}")
        raise DataError(f"{masks[name]}: no picture called {name} in {root / layout.images}")
    cases = tuple(Case(name, images[name], masks[name]) for name in sorted(images))
    highest = _highest_class(cases)
    numbers = read_header(cases[0].image).num_channels
    if highest == _WHITE:
        labels: tuple[str, ...] = ("background", layout.shown)
    else:
        labels = ("background", *(f"class {number}" for number in range(1, highest + 1)))
    return Dataset(
        root,
        root.resolve().name,
        _CHANNELS.get(numbers) or tuple(f"channel {index}" for index in range(numbers)),
        labels,
        cases,
        values=(0, _WHITE) if highest == _WHITE else None,
    )


def _by_id(folder: Path, endings: Sequence[str]) -> dict[str, Path]:
    """List the pictures in a folder by the stem of their names, without the endings of masks."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not is_picture(path) or path.name.startswith("."):
            continue
        name = case_id(path)
        for ending in endings:
            if name.lower().endswith(ending):
                name = name[: -len(ending)]
                break
        if name in found:
            raise DataError(f"{path}: a second one for {name}, beside {found[name].name}")
        found[name] = path
    return found


def _highest_class(cases: Sequence[Case]) -> int:
    """Return the highest value of all masks: `_WHITE` where they are black and white."""
    store = Store("facts", (sys.modules[__name__],))

    def values_of(case: Case) -> list[int]:
        found = store.get((case.label,), "values", lambda: _values(case))
        values: list[int] = found["values"].tolist()
        return values

    first: dict[int, Case] = {}
    for case, values in zip(cases, in_parallel(values_of, cases), strict=True):
        for value in values:
            first.setdefault(value, case)
    white = _WHITE in first
    for position, value in enumerate(sorted(first.keys() | {0})):
        if value != (position * _WHITE if white else position):
            kind = "0 and 255" if white else f"the numbers 0 to {position - 1}"
            raise DataError(
                f"{first[value].label}: mask value {value}, and the others are {kind}; masks are "
                "black and white (0 and 255), or number their classes 0, 1, 2 without a gap"
            )
    return max(*first, 1)


def _values(case: Case) -> Tensors:
    return {"values": torch.from_numpy(np.unique(read_label(case.label)).astype(np.int64))}
