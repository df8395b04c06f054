"""Measuring a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from uxnet_compiler.data import fingerprint as module
from uxnet_compiler.data.fingerprint import Fingerprint, fingerprint
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError

SHAPE = (6, 8, 10)


def label_with(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    label = np.zeros(SHAPE, dtype=np.uint8)
    label.ravel()[: len(values)] = values
    return label


def test_shape_and_spacing_are_medians_in_millimetres(write_set: Callable[..., Path]) -> None:
    images = [np.ones((4, 8, 10)), np.ones((6, 8, 10)), np.ones((20, 8, 10))]
    labels = [np.ones(image.shape) for image in images]
    spacings = [(2.0, 1.0, 1.0), (2.0, 1.0, 1.0), (0.5, 1.0, 1.0)]

    found = fingerprint(open_dataset(write_set(images, labels, spacings=spacings)))

    assert found.median_spacing == (2.0, 1.0, 1.0)
    assert found.median_shape == (5, 8, 10)  # extents along D are 8, 12 and 10 mm
    assert (found.num_cases, found.spatial_dims) == (3, 3)


def test_ct_intensities_are_those_of_the_foreground_alone(write_set: Callable[..., Path]) -> None:
    image = np.full(SHAPE, -1000.0)
    label = label_with(1, 1, 2, 2)
    image.ravel()[:4] = (10, 20, 30, 40)
    both = np.stack([image, image])

    root = write_set([both], [label], modality=("CT", "PET"))
    ct, pet = fingerprint(open_dataset(root)).intensities

    assert pet is None
    assert ct is not None
    assert ct.mean == 25
    assert ct.std == pytest.approx(np.sqrt(125))
    assert ct.percentile_00_5 == pytest.approx(10.15)
    assert ct.percentile_99_5 == pytest.approx(39.85)


def test_class_and_zero_fractions(write_set: Callable[..., Path]) -> None:
    image = np.ones(SHAPE)
    image[:3] = 0

    found = fingerprint(open_dataset(write_set([image], [label_with(1, 1, 2)])))

    assert found.zero_fraction == 0.5
    assert found.class_fractions == pytest.approx((477 / 480, 2 / 480, 1 / 480))


def test_a_single_case_without_foreground_is_legal(write_set: Callable[..., Path]) -> None:
    root = write_set([np.ones(SHAPE)] * 2, [label_with(1), label_with()], modality=("CT",))

    assert fingerprint(open_dataset(root)).class_fractions[1] == 1 / 960


def test_a_set_without_foreground_is_refused(write_set: Callable[..., Path]) -> None:
    root = write_set([np.ones(SHAPE)] * 2, [label_with()] * 2)

    with pytest.raises(DataError, match="no case has a voxel of a class"):
        fingerprint(open_dataset(root))


def test_another_count_of_channels_is_refused(write_set: Callable[..., Path]) -> None:
    images = [np.ones((2, *SHAPE)), np.ones((1, *SHAPE))[0]]
    root = write_set(images, [label_with(1)] * 2, modality=("T1", "T2"))

    message = r"b\.nii\.gz: 1 channel; the data set has 2 \(T1, T2\)"
    with pytest.raises(DataError, match=message):
        fingerprint(open_dataset(root))


def test_an_axis_that_is_too_short_is_refused(write_set: Callable[..., Path]) -> None:
    root = write_set([np.ones((3, 8, 10))], [np.ones((3, 8, 10))])

    with pytest.raises(DataError, match=r"a\.nii\.gz: 3 x 8 x 10 voxels; every axis needs 4"):
        fingerprint(open_dataset(root))


def test_two_and_three_dimensions_do_not_mix(write_set: Callable[..., Path]) -> None:
    root = write_set([np.ones(SHAPE), np.ones((8, 10))], [np.ones(SHAPE), np.ones((8, 10))])

    with pytest.raises(DataError, match=r"b\.nii\.gz: 2-D, and the cases before it 3-D"):
        fingerprint(open_dataset(root))


def test_progress_counts_the_cases(write_set: Callable[..., Path]) -> None:
    seen = []

    root = write_set([np.ones(SHAPE)] * 2, [label_with(1)] * 2)
    fingerprint(open_dataset(root), lambda done, total: seen.append((done, total)))

    assert seen == [(1, 2), (2, 2)]


def test_a_fingerprint_survives_json_and_holds_no_case(phantom_set: Path) -> None:
    found = fingerprint(open_dataset(phantom_set))

    text = found.model_dump_json()

    assert Fingerprint.model_validate_json(text) == found
    assert "phantom_0" not in text
    assert str(phantom_set) not in text


def test_files_are_measured_once(
    write_set: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [np.arange(480.0).reshape(SHAPE)] * 2
    root = write_set(images, [label_with(1, 2)] * 2, modality=("CT",))
    first = fingerprint(open_dataset(root))
    monkeypatch.setattr(module, "read_case", None)  # it would fail when called

    assert fingerprint(open_dataset(root)) == first
