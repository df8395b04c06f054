"""Find and make segmentations of cases to look at: the worst, the median and the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.fingerprint import read_case
from uxnet_compiler.data.images import Image, case_id, is_picture, read_label
from uxnet_compiler.data.itk import PICTURES
from uxnet_compiler.data.nifti import SUFFIXES
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError
from uxnet_compiler.pages.report.overlays import Overlay, planes_of
from uxnet_compiler.runs.observer import Observer

if TYPE_CHECKING:
    from uxnet_compiler.training.evaluate import Evaluation

Labels = NDArray[np.int16]


def is_label_map(path: Path) -> bool:
    """Tell by its name whether a file may be what `uxnet predict` wrote."""
    return path.name.lower().endswith((*SUFFIXES, *PICTURES))


def segmented_cases(
    run: Path, evaluation: Evaluation, data: Path, *, names: bool, observer: Observer
) -> list[Overlay]:
    """Segment the worst, the median and the best case of an evaluation once more.

    Args:
        run: Folder of the training.
        evaluation: Of its network.
        data: Data set that was evaluated.
        names: Show the names of the cases, not their numbers.
        observer: Hears how far it is.

    Raises:
        RunError: The run cannot be used, or the memory is too small.
        DataError: The data set is not the one that was evaluated, or cannot be used.
    """
    from uxnet_compiler.training.predict import prepare, segment
    from uxnet_compiler.training.task import open_same
    from uxnet_compiler.training.trained import TrainedRun

    trained = TrainedRun.open(run)
    dataset = open_same(trained.task, data)
    segmenter, _ = prepare(trained, "torch", "auto", tta=evaluation.summary.tta, observer=observer)
    dice = [(case.id, case.dice) for case in evaluation.cases]
    return _overlays(
        dataset,
        dice,
        lambda image, _: segment(segmenter, image, trained),
        names=names,
        observer=observer,
    )


def predicted_cases(
    folder: Path, data: Path, *, names: bool, observer: Observer
) -> tuple[list[tuple[str, float]], list[Overlay]]:
    """Compare label maps with the references of a data set, and show three of them.

    Args:
        folder: Label maps, called as the cases are.
        data: Data set with these cases.
        names: Show the names of the cases, not their numbers.
        observer: Hears how far it is.

    Returns:
        Name and mean Dice of each case, and the worst, the median and the best one to look at.

    Raises:
        DataError: The data set has none of the cases, or a file cannot be used.
    """
    from uxnet_compiler.training.scores import dice

    dataset = open_dataset(data)
    files = {case_id(path): path for path in sorted(folder.iterdir()) if is_label_map(path)}
    cases = [case for case in dataset.cases if case.id in files]
    if not cases:
        raise DataError(f"{folder}: no label map is called as a case of {data} is")

    def read(image: Image, case: Case) -> Labels:
        path = files[case.id]
        values = dataset.values if is_picture(path) else None
        return read_label(path, image, dataset.num_classes, values)

    observer.phase("comparing")
    scores = []
    for done, case in enumerate(cases, start=1):
        image, truth = read_case(dataset, case)
        found = read(image, case)
        each = [dice(found == v, truth == v) for v in range(1, dataset.num_classes)]
        scores.append((case.id, fmean(each)))
        observer.tick(done / len(cases), cases=done)
    return scores, _overlays(dataset, scores, read, names=names, observer=observer)


def _overlays(
    dataset: Dataset,
    scores: Sequence[tuple[str, float]],
    found_in: Callable[[Image, Case], Labels],
    *,
    names: bool,
    observer: Observer,
) -> list[Overlay]:
    from uxnet_compiler.training.scores import dice

    by_id = {case.id: case for case in dataset.cases}
    numbers = {name: at for at, (name, _) in enumerate(scores, start=1)}
    observer.phase("looking at cases")
    overlays = []
    picked = pick(scores)
    for done, (role, name) in enumerate(picked, start=1):
        if name not in by_id:
            raise DataError(f"{dataset.root}: has not the cases that were evaluated")
        image, truth = read_case(dataset, by_id[name])
        found = found_in(image, by_id[name])
        each = [
            (label, dice(found == value, truth == value))
            for value, label in enumerate(dataset.labels[1:], start=1)
        ]
        title = f"{role}: {name}" if names else f"{role}: case {numbers[name]}"
        overlays.append(
            Overlay(
                title=title,
                dice=fmean(value for _, value in each),
                scores=tuple(each),
                planes=planes_of(image, truth, found, dataset.labels),
            )
        )
        observer.tick(done / len(picked), cases=done)
    return overlays


def pick(scores: Sequence[tuple[str, float]]) -> list[tuple[str, str]]:
    """Return role and name of the worst, the median and the best case; no case twice."""
    ranked = [name for name, _ in sorted(scores, key=lambda pair: (pair[1], pair[0]))]
    last = len(ranked) - 1
    places = (("worst", 0), ("median", last // 2), ("best", last))
    found: dict[int, str] = {}
    for role, at in places:
        found.setdefault(at, role)
    return [(role, ranked[at]) for at, role in sorted(found.items())]
