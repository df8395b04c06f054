"""Data sets in the Decathlon layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError

VOLUME = np.ones((4, 5, 6), dtype=np.int16)


@pytest.fixture
def root(write_set: Callable[..., Path]) -> Path:
    return write_set([VOLUME] * 3, [VOLUME] * 3)


def edit(root: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
    change(document)
    (root / "dataset.json").write_text(json.dumps(document), encoding="utf-8")


def test_a_data_set_lists_its_cases_by_id(root: Path) -> None:
    edit(root, lambda document: document["training"].reverse())

    dataset = open_dataset(root)

    assert [case.id for case in dataset.cases] == ["a", "b", "c"]
    assert dataset.cases[1].image == root / "imagesTr" / "b.nii.gz"
    assert dataset.cases[1].label == root / "labelsTr" / "b.nii.gz"
    assert (dataset.name, dataset.num_channels, dataset.num_classes) == ("Small", 1, 3)
    assert dataset.labels == ("class 0", "class 1", "class 2")


def test_the_hippocampus_task_is_read(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "Task04_Hippocampus")

    assert len(dataset.cases) == 208
    assert dataset.cases[0].id == "hippocampus_001"
    assert dataset.channels == ("MRI",)
    assert dataset.labels == ("background", "Anterior", "Posterior")


def test_what_macos_leaves_behind_is_no_case(root: Path) -> None:
    junk = {"image": "./imagesTr/._a.nii.gz", "label": "./labelsTr/._a.nii.gz"}
    edit(root, lambda document: document["training"].append(junk))

    assert [case.id for case in open_dataset(root).cases] == ["a", "b", "c"]


def test_channels_may_share_a_name(root: Path) -> None:
    edit(root, lambda document: document.update(modality={"0": "MRI", "1": "MRI"}))

    assert open_dataset(root).channels == ("MRI", "MRI")


def test_fields_that_are_not_used_may_be_anything(root: Path) -> None:
    edit(root, lambda document: document.update(reference=[1, {}], test=["x"], licence=None))

    assert len(open_dataset(root).cases) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"not JSON: Expecting property name .* \(line 1, column 2\)$"),
        (b"[1]", "top level: Input should be a valid dictionary"),
        (b"\xff\xfe", r"not UTF-8 text \(byte 0\)$"),
        (b"[" * 100_000, "not a data set: nested too deeply$"),
        (b'{"name": ' + b"9" * 5000 + b"}", "not a data set: a number has thousands of digits$"),
        (b'{"name": "x"}', "modality: Field required$"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_line(
    content: bytes, message: str, root: Path
) -> None:
    (root / "dataset.json").write_bytes(content)

    with pytest.raises(DataError, match=rf"dataset\.json: {message}") as caught:
        open_dataset(root)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["training"][1].pop("label"), r"training\[1\]\.label: Field required"),
        (lambda d: d["training"][2].update(image=5), r"training\[2\]\.image: Input should be a"),
        (lambda d: d.update(training=[]), "training: List should have at least 1 item"),
        (lambda d: d.update(training={"image": 1}), "training: Input should be a valid list"),
        (lambda d: d.update(labels={"0": "background"}), "labels: .* at least 2 items"),
        (lambda d: d["labels"].pop("1"), "labels: no entry '1'; keys are the numbers 0 to 1"),
        (
            lambda d: d["labels"].update({"x": "organ"}),
            "labels: no entry '3'; keys are the numbers 0 to 3",
        ),
        (
            lambda d: d["labels"].update({"2": "class 1"}),
            "labels: 'class 1' names both 1 and 2; every label needs its own name$",
        ),
        (lambda d: d.update(modality={"1": "CT"}), "modality: no entry '0'"),
        (lambda d: d.update(modality={"0": 3}), r"modality\.0: Input should be a valid string"),
        (
            lambda d: d["training"].append(d["training"][0]),
            r"training\[3\]\.image: a second case with the id 'a'; ids are unique",
        ),
        (
            lambda d: d["training"][0].update(image="imagesTr/z.nii.gz"),
            r"training\[0\]\.image: no such file: .*imagesTr/z\.nii\.gz",
        ),
        (
            lambda d: d["training"][0].update(label="labelsTr/z.nii.gz"),
            r"training\[0\]\.label: no such file: ",
        ),
        (
            lambda d: d.update(training=[{"image": "._a.nii.gz", "label": "._a.nii.gz"}]),
            "training: no case is listed",
        ),
    ],
)
def test_a_wrong_field_is_named_by_its_json_path(
    change: Callable[[dict[str, Any]], object], message: str, root: Path
) -> None:
    edit(root, change)

    with pytest.raises(DataError, match=rf"dataset\.json: {message}") as caught:
        open_dataset(root)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../x.nii.gz", "imagesTr/../../x.nii.gz", "..", "x\0y", "./../set/x.nii.gz"],
)
@pytest.mark.parametrize("field", ["image", "label"])
def test_a_path_that_leaves_the_folder_is_refused(path: str, field: str, root: Path) -> None:
    edit(root, lambda document: document["training"][1].update({field: path}))

    with pytest.raises(
        DataError, match=rf"training\[1\]\.{field}: .* leaves the data set's folder"
    ):
        open_dataset(root)
