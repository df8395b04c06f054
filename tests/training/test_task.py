"""What a run has to remember about its data, and which other data fit it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uxnet_compiler.data.fingerprint import read_case
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError
from uxnet_compiler.training.task import open_same, task_of

ISIC = ("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth")


def pictures(root: Path, *masks: list[int], folders: tuple[str, str] = ("images", "masks")) -> Path:
    """Write gray pictures whose masks hold the given values."""
    for index, values in enumerate(masks):
        mask = np.resize(np.array(values, dtype=np.uint8), (8, 8))
        for folder, array in zip(folders, (np.full((8, 8), 99, np.uint8), mask), strict=True):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / folder / f"{index}.png")
    return root


@pytest.mark.parametrize(
    ("trained", "other"),
    [
        ([0, 255], [0]),
        ([0, 255], [255]),
        ([0, 1, 2, 3], [0, 1, 2]),
        ([0, 1, 2, 3], [0, 3]),
        ([0, 1, 2, 3], [0]),
    ],
)
def test_masks_of_pictures_may_lack_classes_of_the_run(
    trained: list[int], other: list[int], tmp_path: Path
) -> None:
    task = task_of(open_dataset(pictures(tmp_path / "training", trained)))

    dataset = open_same(task, pictures(tmp_path / "test", other))

    assert task_of(dataset) == task
    _, label = read_case(dataset, dataset.cases[0])
    assert set(label.ravel()) == {trained.index(value) for value in other}


@pytest.mark.parametrize("backwards", [False, True])
def test_masks_of_pictures_show_what_the_run_was_trained_for_in_every_layout(
    backwards: bool, tmp_path: Path
) -> None:
    roots = [
        pictures(tmp_path / "isic", [0, 255], folders=ISIC),
        pictures(tmp_path / "own", [0, 255]),
    ]
    first, second = reversed(roots) if backwards else roots
    task = task_of(open_dataset(first))

    assert open_same(task, second).labels == task.labels


@pytest.mark.parametrize(
    ("trained", "other", "message"),
    [
        ([0, 255], [0, 1], r"1; the labels are 0 \(background\), 255 \(foreground\)$"),
        ([0, 1, 2], [0, 1, 2, 3], r"3; the labels are 0 \(background\), 1 \(class 1\), 2 \(cl"),
        ([0, 1, 2], [0, 255], r"255; the labels are 0 \(background\), 1 \(class 1\), 2 "),
    ],
)
def test_a_mask_with_another_value_is_refused(
    trained: list[int], other: list[int], message: str, tmp_path: Path
) -> None:
    task = task_of(open_dataset(pictures(tmp_path / "training", trained)))

    with pytest.raises(DataError, match=rf"masks/1\.png: mask value {message}"):
        open_same(task, pictures(tmp_path / "test", [0], other))


def test_names_that_a_data_set_gives_itself_have_to_be_those_of_the_run(
    phantom_set: Path, tmp_path: Path
) -> None:
    task = task_of(open_dataset(phantom_set))
    document = json.loads((phantom_set / "dataset.json").read_text(encoding="utf-8"))
    document["labels"]["1"], document["labels"]["2"] = "core", "organ"
    for name in ("imagesTr", "labelsTr"):
        (tmp_path / name).symlink_to(phantom_set / name)
    (tmp_path / "dataset.json").write_text(json.dumps(document), encoding="utf-8")

    assert open_same(task, phantom_set) == open_dataset(phantom_set)
    with pytest.raises(DataError, match=r"its labels are background, core, organ.*trained for"):
        open_same(task, tmp_path)
