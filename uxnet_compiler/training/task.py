"""What a run has to remember about its data: meanings of channels and labels, and the split."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.data.dataset import Dataset, folds, require_folds
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Architecture


class Task(BaseModel):
    """What goes in and what comes out: names of channels, names of labels by class.

    `values` says what stands for each class in masks, where that is not its number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[int, ...] | None = None

    @property
    def foreground(self) -> tuple[str, ...]:
        """Names of the labels from 1 on."""
        return self.labels[1:]


class Split(BaseModel):
    """Ids of the cases that trained and of those held out; it stays in the run's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...]
    held_out: tuple[str, ...]


def task_of(dataset: Dataset) -> Task:
    """Return what a data set's channels and labels mean."""
    return Task(channels=dataset.channels, labels=dataset.labels, values=dataset.values)


def write_task(folder: RunFolder, task: Task) -> None:
    """Keep the task of a run."""
    folder.write(folder.path / "task.json", task)


def read_task(folder: RunFolder) -> Task:
    """Read the task of a run."""
    return folder.read(folder.path / "task.json", Task)


def write_split(folder: RunFolder, split: Split) -> None:
    """Keep the split of a run."""
    folder.write(folder.path / "split.json", split)


def read_split(folder: RunFolder) -> Split:
    """Read the split of a run."""
    return folder.read(folder.path / "split.json", Split)


def make_split(dataset: Dataset, num_folds: int | None, fold: int) -> Split:
    """Split the cases of a data set; without folds, all of them train.

    Raises:
        DataError: There are fewer cases than folds.
    """
    require_folds(dataset, num_folds)
    ids = [case.id for case in dataset.cases]
    if num_folds is None:
        return Split(train=tuple(ids), held_out=())
    train, held_out = folds(ids, num_folds)[fold]
    return Split(train=tuple(train), held_out=tuple(held_out))


def check_fits(architecture: Architecture, dataset: Dataset) -> None:
    """Refuse a network that cannot be trained on a data set.

    Raises:
        DataError: The number of channels or of classes differs.
    """
    for what, mine, yours, names in (
        ("channels", architecture.in_channels, dataset.num_channels, dataset.channels),
        ("classes", architecture.out_channels, dataset.num_classes, dataset.labels),
    ):
        if mine != yours:
            raise DataError(
                f"{dataset.root}: has {yours} {what} ({', '.join(names)}), the genotype {mine}; "
                "both must be the same"
            )


def open_same(task: Task, root: Path) -> Dataset:
    """Open a data set for a run; masks of pictures, which name nothing, show the run's labels.

    Raises:
        DataError: It cannot be used, masks hold another value, or names or their order differ.
        RunError: The cache cannot be written.
    """
    dataset = open_dataset(root, task.labels, task.values)
    _check_same(task, dataset)
    return dataset


def _check_same(task: Task, dataset: Dataset) -> None:
    """Refuse a data set whose channels or labels mean something else than those of a run.

    Raises:
        DataError: The names or their order differ.
    """
    other = task_of(dataset)
    for what, mine, yours in (
        ("channels", task.channels, other.channels),
        ("labels", task.labels, other.labels),
    ):
        if mine != yours:
            raise DataError(
                f"{dataset.root}: its {what} are {', '.join(yours)}; the run was trained for "
                f"{', '.join(mine)}"
            )
