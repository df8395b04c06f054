"""Resampling and normalising images, and bringing predictions back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from uxnet_compiler.data.grid import Grid
from uxnet_compiler.data.images import Image, read_image, read_label, write_label
from uxnet_compiler.data.plan import CtNormalisation, Plan, ZScoreNormalisation
from uxnet_compiler.data.preprocess import preprocess, preprocess_label, restore
from uxnet_compiler.errors import DataError

RANDOM = np.random.default_rng(0)


def image_of(array: NDArray[Any], spacing: tuple[float, ...]) -> Image:
    shape = array.shape[1:]
    dims = len(shape)
    grid = Grid(shape[::-1], spacing[::-1], (0.0,) * dims, tuple(np.eye(dims).ravel().tolist()))
    return Image(array.astype(np.float32), spacing, grid, "x.nii.gz")


def plan_for(
    spacing: tuple[float, ...],
    *rules: CtNormalisation | ZScoreNormalisation,
) -> Plan:
    dims = len(spacing)
    return Plan(
        spatial_dims=dims,
        spacing=spacing,
        patch_size=(8,) * dims,
        strides=((1,) * dims,),
        batch_size=1,
        normalisation=rules or (ZScoreNormalisation(nonzero=False),),
    )


def one_hot(label: NDArray[np.int16], num_classes: int) -> NDArray[np.float32]:
    return np.stack([label == value for value in range(num_classes)]).astype(np.float32)


def ball(shape: tuple[int, ...], spacing: tuple[float, ...]) -> NDArray[np.int16]:
    """A ball of 40 % of the shortest extent, with a core of 20 %, in the middle."""
    axes = [(np.arange(n) + 0.5 - n / 2) * mm for n, mm in zip(shape, spacing, strict=True)]
    radius = np.sqrt(sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij")))
    reach = min(n * mm for n, mm in zip(shape, spacing, strict=True))
    return np.asarray(radius < 0.4 * reach, np.int16) + np.asarray(radius < 0.2 * reach, np.int16)


def test_z_scores_are_taken_over_all_voxels() -> None:
    image = image_of(RANDOM.normal(100, 20, (2, 6, 7, 8)), (1.0, 1.0, 1.0))
    rule = ZScoreNormalisation(nonzero=False)

    found = preprocess(image, plan_for((1.0, 1.0, 1.0), rule, rule))

    assert found.dtype == np.float32
    assert np.allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-5)
    assert np.allclose(found.std(axis=(1, 2, 3)), 1, atol=1e-5)


def test_z_scores_leave_a_background_of_zeros_alone() -> None:
    array = RANDOM.normal(100, 20, (1, 6, 7, 8))
    array[:, :3] = 0

    found = preprocess(
        image_of(array, (1.0, 1.0, 1.0)), plan_for((1.0,) * 3, ZScoreNormalisation(nonzero=True))
    )

    assert not found[:, :3].any()
    assert found[:, 3:].mean() == pytest.approx(0, abs=1e-5)
    assert found[:, 3:].std() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("nonzero", [True, False])
@pytest.mark.parametrize("value", [0.0, 7.0])
def test_an_image_of_one_value_becomes_zero(value: float, nonzero: bool) -> None:
    image = image_of(np.full((1, 4, 4, 4), value), (1.0, 1.0, 1.0))

    found = preprocess(image, plan_for((1.0,) * 3, ZScoreNormalisation(nonzero=nonzero)))

    assert not found.any()


def test_ct_is_clipped_and_scaled_with_the_numbers_of_the_data_set() -> None:
    array = np.array([-500.0, 0.0, 50.0, 900.0]).reshape(1, 2, 2).repeat(2, 1).repeat(2, 2)
    rule = CtNormalisation(low=-100, high=200, mean=50, std=25)

    found = preprocess(image_of(array, (1.0, 1.0)), plan_for((1.0, 1.0), rule))

    assert sorted(set(found.ravel().tolist())) == [-6.0, -2.0, 0.0, 6.0]


def test_the_image_itself_is_not_changed() -> None:
    image = image_of(RANDOM.normal(100, 20, (1, 4, 5, 6)), (1.0, 1.0, 1.0))
    before = image.array.copy()

    preprocess(image, plan_for((1.0, 1.0, 1.0)))

    assert np.array_equal(image.array, before)


@pytest.mark.parametrize("spacing", [(2.0, 1.0, 1.0), (8.0, 1.0, 1.0)])
def test_resampling_keeps_the_extent_and_a_linear_ramp(spacing: tuple[float, ...]) -> None:
    # both the cubic spline and, beyond a ratio of 3, linear interpolation reproduce a ramp
    ramp = np.arange(40.0) + 0.5
    image = image_of(np.broadcast_to(ramp, (1, 6, 8, 40)), spacing)
    rule = CtNormalisation(low=-1e6, high=1e6, mean=0, std=1)

    found = preprocess(image, plan_for((spacing[0], 1.0, 2.0), rule))

    assert found.shape == (1, 6, 8, 20)
    inner = found[0, 3, 4, 3:-3]
    assert np.allclose(inner, (np.arange(20.0)[3:-3] + 0.5) * 2, atol=0.02)


def test_labels_stay_labels() -> None:
    label = ball((16, 20, 24), (2.0, 1.0, 1.0))
    image = image_of(np.ones((1, *label.shape)), (2.0, 1.0, 1.0))

    found = preprocess_label(label, image, plan_for((1.0, 1.3, 0.7)))

    assert found.shape == (32, 15, 34)
    assert found.dtype == np.int16
    assert set(np.unique(found)) == {0, 1, 2}


@settings(deadline=None, max_examples=25)
@given(
    shape=st.tuples(*[st.integers(12, 28)] * 3),
    spacing=st.tuples(*[st.floats(0.7, 2.0)] * 3),
    factors=st.tuples(*[st.floats(0.5, 1.0)] * 3),
)
def test_a_label_map_comes_back_from_a_finer_grid(
    shape: tuple[int, ...], spacing: tuple[float, ...], factors: tuple[float, ...]
) -> None:
    label = ball(shape, spacing)
    image = image_of(np.ones((1, *shape)), spacing)
    plan = plan_for(tuple(mm * factor for mm, factor in zip(spacing, factors, strict=True)))

    resampled = preprocess_label(label, image, plan)
    found = restore(one_hot(resampled, 3), image, plan)

    assert found.shape == shape
    # two nearest-neighbour roundings of at most half a voxel at the surface
    assert np.mean(found != label) < 0.04


def test_a_label_map_comes_back_unchanged_at_the_same_spacing() -> None:
    label = ball((12, 14, 16), (1.0, 1.0, 1.0))
    image = image_of(np.ones((1, *label.shape)), (1.0, 1.0, 1.0))
    plan = plan_for((1.0, 1.0, 1.0))

    assert np.array_equal(restore(one_hot(label, 3), image, plan), label)


def test_logits_give_the_first_of_the_largest() -> None:
    image = image_of(np.ones((1, 4, 4)), (1.0, 1.0))
    scores = np.zeros((3, 4, 4), dtype=np.float32)
    scores[:, 0, 0] = (-5, -1, -3)
    scores[:, 1, 1] = (-5, 2, 2)

    found = restore(scores, image, plan_for((1.0, 1.0)))

    assert found[0, 0] == 1
    assert found[1, 1] == 1
    assert found.sum() == 2


def test_an_oblique_image_and_its_prediction_lie_on_the_same_grid(
    tmp_path: Path, write_image: Callable[..., Path], oblique: NDArray[np.float64]
) -> None:
    label = ball((12, 20, 24), (3.0, 1.0, 1.0))
    spacing, origin = (3.0, 1.1, 0.9), (-37.2, 11.7, 5.3)
    path = write_image(
        tmp_path / "x.nii.gz", label, spacing=spacing, origin=origin, direction=oblique
    )
    image, plan = read_image(path), plan_for((1.5, 1.5, 1.5))

    resampled = preprocess_label(label, image, plan)
    write_label(restore(one_hot(resampled, 3), image, plan), image.grid, tmp_path / "out.nii.gz")

    assert read_image(tmp_path / "out.nii.gz").grid == image.grid
    assert np.mean(read_label(tmp_path / "out.nii.gz", image, 3) != label) < 0.05


def test_a_dicom_series_and_its_prediction_lie_on_the_same_grid(
    oblique_series: Path, tmp_path: Path
) -> None:
    image, plan = read_image(oblique_series), plan_for((1.2, 1.2, 1.2))
    array = preprocess(image, plan)

    labels = restore(np.stack([-array[0], array[0]]), image, plan)
    write_label(labels, image.grid, tmp_path / "out.mha")

    assert read_image(tmp_path / "out.mha").grid == image.grid
    assert np.array_equal(labels[0], np.zeros((8, 10)))  # the voxels of the phantom count upwards
    assert np.array_equal(labels[-1], np.ones((8, 10)))


@pytest.mark.parametrize(
    ("shape", "spacing", "message"),
    [
        ((2, 8, 8, 8), (1.0, 1.0, 1.0), "2 channels, and the plan has 1"),
        ((1, 8, 8), (1.0, 1.0), "2-D image, and the plan is 3-D"),
        ((1, 5, 8, 8), (0.5, 1.0, 1.0), r"\(5, 8, 8\) voxels become \(2, 8, 8\)"),
    ],
)
def test_an_image_that_does_not_fit_the_plan_is_refused(
    shape: tuple[int, ...], spacing: tuple[float, ...], message: str
) -> None:
    with pytest.raises(DataError, match=rf"x\.nii\.gz: {message}"):
        preprocess(image_of(np.ones(shape), spacing), plan_for((1.0, 1.0, 1.0)))
