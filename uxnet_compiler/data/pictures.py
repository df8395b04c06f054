"""Open folders of 2-D pictures and masks: a picture and its mask share the stem of their names.

Source: the challenge "Skin Lesion Analysis Toward Melanoma Detection 2018" (ISIC), arXiv
1902.03368, for the layout of its task 1.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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


def open_pictures(
    root: Path,
    layout: Layout,
    labels: Sequence[str] | None = None,
    values: Sequence[int] | None = None,
) -> Dataset:
    """Pair the pictures of a data set with their masks, and find out what the masks hold.

    Masks are black and white (0 and 255), or hold the number of a class in each pixel. All of
    them are read the first time.

    Args:
        root: Folder of the data set.
        layout: Where in it they lie.
        labels: What the classes are called, where that is known: masks may then lack some.
        values: What stands for each of these classes in masks, where that is not its number.

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
    first = _first_masks(cases)
    if labels is None:
        labels, values = _name_classes(first, layout.shown)
    else:
        _check_known(first, labels, values)
    numbers = read_header(cases[0].image).num_channels
    return Dataset(
        root,
        root.resolve().name,
        _CHANNELS.get(numbers) or tuple(f"channel {index}" for index in range(numbers)),
        tuple(labels),
        cases,
        values=None if values is None else tuple(values),
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


def _first_masks(cases: Sequence[Case]) -> dict[int, Path]:
    """Return each value that masks hold, and the first mask that holds it."""
    store = Store("facts", (sys.modules[__name__],))

    def values_of(case: Case) -> list[int]:
        found = store.get((case.label,), "values", lambda: _values(case))
        values: list[int] = found["values"].tolist()
        return values

    first: dict[int, Path] = {}
    for case, values in zip(cases, in_parallel(values_of, cases), strict=True):
        for value in values:
            first.setdefault(value, case.label)
    return first


def _name_classes(
    first: Mapping[int, Path], shown: str
) -> tuple[tuple[str, ...], tuple[int, ...] | None]:
    """Make labels of the values that masks hold, and say what stands for each of them."""
    white = _WHITE in first
    for position, value in enumerate(sorted(first.keys() | {0})):
        if value != (position * _WHITE if white else position):
            kind = "0 and 255" if white else f"the numbers 0 to {position - 1}"
            raise DataError(
                f"{first[value]}: mask value {value}, and the others are {kind}; masks are "
                "black and white (0 and 255), or number their classes 0, 1, 2 without a gap"
            )
    if white:
        return ("background", shown), (0, _WHITE)
    highest = max(*first, 1)
    return ("background", *(f"class {number}" for number in range(1, highest + 1))), None


def _check_known(
    first: Mapping[int, Path], labels: Sequence[str], values: Sequence[int] | None
) -> None:
    known = dict(zip(values or range(len(labels)), labels, strict=True))
    for value in sorted(first.keys() - known.keys()):
        legals = ", ".join(f"{number} ({name})" for number, name in known.items())
        raise DataError(f"{first[value]}: mask value {value}; the labels are {legals}")


def _values(case: Case) -> Tensors:
    return {"values": torch.from_numpy(np.unique(read_label(case.label)).astype(np.int64))}
