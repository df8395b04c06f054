"""Data sets of made-up patients."""

from __future__ import annotations

import filecmp
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uxnet_compiler.data.anatomy import LABELS, LESION, ORGAN, VESSEL, draw_patient
from uxnet_compiler.data.fingerprint import fingerprint, read_case
from uxnet_compiler.data.phantom import write_phantom
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_phantom_is_a_decathlon_data_set(phantom_set: Path) -> None:
    dataset = open_dataset(phantom_set)

    assert dataset.labels == LABELS
    assert [case.id for case in dataset.cases] == [f"phantom_{i:03d}" for i in range(6)]
    found = fingerprint(dataset)
    assert found.median_shape == (32, 32, 32)
    assert found.median_spacing == pytest.approx((1, 1, 1))
    assert all(fraction > 0 for fraction in found.class_fractions)
    assert not (phantom_set / ".writing").exists()


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        np.random.seed(len(name))  # noqa: NPY002 - the global state must not matter
        write_phantom(tmp_path / name, cases=2, size=(16, 16, 16), channels=2, seed=3)

    assert files(tmp_path / "a") == files(tmp_path / "b")
    for name in files(tmp_path / "a"):
        assert filecmp.cmp(tmp_path / "a" / name, tmp_path / "b" / name, shallow=False)


def test_patients_differ_and_do_not_depend_on_their_number(tmp_path: Path) -> None:
    write_phantom(tmp_path / "few", cases=2, size=(16, 16, 16))
    write_phantom(tmp_path / "many", cases=3, size=(16, 16, 16))
    write_phantom(tmp_path / "other", cases=2, size=(16, 16, 16), seed=1)

    def image(folder: str, number: int) -> bytes:
        return (tmp_path / folder / "imagesTr" / f"phantom_00{number}.nii.gz").read_bytes()

    assert image("few", 1) == image("many", 1)
    assert len({image("many", 0), image("many", 1), image("many", 2), image("other", 0)}) == 4


def test_two_channels_show_the_same_patient(tmp_path: Path) -> None:
    write_phantom(tmp_path / "x", cases=1, size=(20, 24, 28), spacing=(3, 1, 1), channels=2)
    dataset = open_dataset(tmp_path / "x")

    image, label = read_case(dataset, dataset.cases[0])

    assert dataset.channels == ("T1", "T2")
    assert image.array.shape == (2, 20, 24, 28)
    assert image.spacing == pytest.approx((3, 1, 1))
    vessel, organ = label == VESSEL, label == ORGAN
    assert image.array[0][vessel].mean() > image.array[0][organ].mean()
    assert image.array[1][vessel].mean() < image.array[1][organ].mean()


@pytest.mark.parametrize("size", [(24, 28), (1, 24, 28)])
@pytest.mark.parametrize("channels", [1, 2])
def test_pictures_are_two_dimensional(size: tuple[int, ...], channels: int, tmp_path: Path) -> None:
    write_phantom(tmp_path / "x", cases=2, size=size, channels=channels)
    dataset = open_dataset(tmp_path / "x")

    image, label = read_case(dataset, dataset.cases[1])

    assert image.array.shape == (channels, 24, 28)
    assert label.shape == (24, 28)


def test_lesions_are_no_brighter_than_their_look_alikes(tmp_path: Path) -> None:
    """Where a lesion is must be told by its surroundings, not by its brightness alone."""
    write_phantom(tmp_path / "x", cases=6, size=(32, 40, 40), channels=2)
    dataset = open_dataset(tmp_path / "x")
    lesions, alikes = [], []

    for number, case in enumerate(dataset.cases):
        patient = draw_patient(np.random.default_rng((0, number)), (32, 40, 40), (1.5, 1, 1))
        image, label = read_case(dataset, case)
        assert np.array_equal(patient.label, label)
        alike = (patient.look_alikes == LESION) & (label == 0) & (patient.body < 0.9)
        lesions.append(image.array[1][label == LESION])
        alikes.append(image.array[1][alike])

    lesion, alike = np.concatenate(lesions), np.concatenate(alikes)
    assert min(len(lesion), len(alike)) > 50
    assert abs(np.median(lesion) - np.median(alike)) < 0.15 * np.median(lesion)


def test_progress_counts_the_patients(tmp_path: Path) -> None:
    seen = []

    write_phantom(
        tmp_path / "x",
        cases=2,
        size=(16, 16),
        progress=lambda done, total: seen.append((done, total)),
    )

    assert seen == [(1, 2), (2, 2)]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")

    with pytest.raises(DataError, match="already there and not an empty folder"):
        write_phantom(tmp_path, cases=1)

    assert files(tmp_path) == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()

    write_phantom(tmp_path / "x", cases=1, size=(16, 16))

    assert json.loads((tmp_path / "x" / "dataset.json").read_text(encoding="utf-8"))["name"]


def test_what_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:  # noqa: ARG001 (the signature of progress)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom(tmp_path / "x", cases=2, size=(16, 16), progress=stop)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (8, 32, 32)}, "every side needs 16 voxels"),
        ({"size": (32, 32), "spacing": (1, 1, 1)}, "both need 2 or 3 numbers"),
        ({"size": (32,)}, "both need 2 or 3 numbers"),
        ({"spacing": (1, 1, 0)}, "the spacing is above 0"),
        ({"spacing": (1, 1, float("nan"))}, "the spacing is above 0"),
        ({"cases": 0}, "1 case or more"),
        ({"channels": 3}, "1 or 2 channels"),
        ({"seed": -1}, "a seed of 0 or more"),
    ],
)
def test_arguments_out_of_range_are_refused(
    arguments: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        write_phantom(tmp_path / "x", **arguments)

    assert not (tmp_path / "x").exists()
