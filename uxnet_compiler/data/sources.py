"""Open a data set in whichever layout it has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from uxnet_compiler.data.dataset import Dataset
from uxnet_compiler.data.decathlon import open_decathlon
from uxnet_compiler.data.pictures import LAYOUTS, open_pictures
from uxnet_compiler.errors import DataError


def open_dataset(
    root: Path, labels: Sequence[str] | None = None, values: Sequence[int] | None = None
) -> Dataset:
    """Open a data set: one with a dataset.json, or a folder of pictures and one of masks.

    Args:
        root: The folder.
        labels: What the masks of pictures show, where that is known; a dataset.json says it.
        values: What stands for each of these labels in masks, where that is not its number.

    Raises:
        DataError: There is no data set, or it cannot be used.
        RunError: The cache cannot be written.
    """
    if not root.is_dir():
        what = "not a folder" if root.exists() else "no such folder"
        raise DataError(f"{root}: {what}; give the folder of the data set")
    if (root / "dataset.json").exists():
        return open_decathlon(root)
    for layout in LAYOUTS:
        if (root / layout.images).is_dir() and (root / layout.masks).is_dir():
            return open_pictures(root, layout, labels, values)
    pairs = ", ".join(f"{layout.images} and {layout.masks}" for layout in LAYOUTS)
    raise DataError(
        f"{root}: no data set: neither a dataset.json (the Decathlon layout) nor a pair of folders"
        f" {pairs}"
    )
