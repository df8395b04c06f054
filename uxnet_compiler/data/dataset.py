"""What a data set is, wherever it comes from, and how it is split in folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import DataError

_FOLD_SEED = 12345  # the folds of nnU-Net, so that results can be compared


@dataclass(frozen=True)
class Case:
    """One training case: where its image and its label map lie."""

    id: str
    image: Path
    label: Path


@dataclass(frozen=True)
class Dataset:
    """A data set: what its channels and label values mean, and its training cases by id.

    `values` says which value stands for each class in the files of the label maps, where that is
    not its number.
    """

    root: Path
    name: str
    channels: tuple[str, ...]
    labels: tuple[str, ...]
    cases: tuple[Case, ...]
    values: tuple[int, ...] | None = None

    @property
    def num_channels(self) -> int:
        """Count of image channels."""
        return len(self.channels)

    @property
    def num_classes(self) -> int:
        """Count of classes, background included."""
        return len(self.labels)


def folds(ids: Sequence[str], k: int) -> list[tuple[list[str], list[str]]]:
    """Split case ids into k pairs (training ids, validation ids), the same on every machine.

    Raises:
        DataError: There are fewer cases than folds, or fewer than two folds.
    """
    from sklearn.model_selection import KFold

    names = sorted(ids)
    if defect := _defect(len(names), k):
        raise DataError(defect)
    splitter = KFold(k, shuffle=True, random_state=_FOLD_SEED)
    return [
        ([names[i] for i in train], [names[i] for i in held_out])
        for train, held_out in splitter.split(names)
    ]


def require_folds(dataset: Dataset, k: int | None) -> None:
    """Refuse folds that a data set has too few cases for; none are always right.

    Raises:
        DataError: As for `folds`; the message names the data set.
    """
    if k is not None and (defect := _defect(len(dataset.cases), k)):
        raise DataError(f"{dataset.root}: {defect}")


def _defect(count: int, k: int) -> str | None:
    """Return what is wrong with k folds of so many cases."""
    if 2 <= k <= count:
        return None
    if count < 2:
        return f"{k} folds of {count} cases; without a second case none can be held out"
    return f"{k} folds of {count} cases; 2 to {count} folds are right"
