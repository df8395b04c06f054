from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from uxnet_compiler.training.scores import Score, score

Array = NDArray[np.int16]


def box(start: int, stop: int, axes: int = 3, size: int = 20) -> Array:
    array = np.zeros((size,) * axes, dtype=np.int16)
    array[(slice(start, stop),) * axes] = 1
    return array


def test_a_box_moved_by_one_slice_has_the_scores_of_pencil_and_paper() -> None:
    truth = box(5, 15)

    found = score(np.roll(truth, 1, axis=0), truth, 1, (2.0, 1.0, 1.0), 2.0)

    # 9 of 10 slices overlap; the farthest surfaces are one slice of 2 mm apart
    assert found == Score(dice=0.9, nsd=1.0, hd95_mm=2.0)
    assert score(np.roll(truth, 1, axis=0), truth, 1, (2.0, 1.0, 1.0), 0.5).nsd < 0.9


def test_the_spacing_belongs_to_the_axes_in_their_order() -> None:
    truth = box(5, 15)

    moved = [score(np.roll(truth, 1, axis), truth, 1, (1.0, 2.0, 3.0), 0.1) for axis in range(3)]

    assert [one.hd95_mm for one in moved] == [1.0, 2.0, 3.0]


def test_empty_labels_follow_the_rule() -> None:
    nothing, something = box(0, 0), box(5, 15)

    assert score(nothing, nothing, 1, (1, 1, 1), 1.0) == Score(dice=1, nsd=1, hd95_mm=0)
    for found, truth in ((nothing, something), (something, nothing)):
        assert score(found, truth, 1, (1, 1, 1), 1.0) == Score(dice=0, nsd=0, hd95_mm=None)


def test_two_far_voxels_share_nothing_and_are_as_far_apart_as_they_are() -> None:
    a, b = box(0, 0), box(0, 0)
    a[5, 5, 5] = b[5, 5, 9] = 1

    assert score(a, b, 1, (1.0, 1.0, 1.5), 1.0) == Score(dice=0, nsd=0, hd95_mm=6.0)


def test_2_d_images_are_scored_too() -> None:
    truth = box(5, 15, axes=2)

    found = score(np.roll(truth, 1, axis=1), truth, 1, (1.0, 1.0), 1.0)

    assert found == Score(dice=0.9, nsd=1.0, hd95_mm=1.0)


def test_only_the_label_asked_for_counts() -> None:
    truth = box(5, 15)
    found = truth.copy()
    found[0, 0, 0] = 2

    assert score(found, truth, 1, (1, 1, 1), 1.0).dice == 1.0
    assert score(found, truth, 2, (1, 1, 1), 1.0).dice == 0.0


@st.composite
def label_maps(draw: st.DrawFn) -> Array:
    seed = draw(st.integers(0, 2**32 - 1))
    density = draw(st.sampled_from([0.0, 0.05, 0.5, 1.0]))
    random: Any = np.random.default_rng(seed)
    return np.asarray(random.random((6, 7, 5)) < density, dtype=np.int16)


@settings(deadline=None, max_examples=30)
@given(label_maps(), label_maps())
def test_scores_are_symmetric_within_their_limits_and_perfect_for_equals(
    a: Array, b: Array
) -> None:
    one, other = (score(*pair, 1, (1.0, 1.5, 2.0), 1.0) for pair in ((a, b), (b, a)))

    assert one.dice == other.dice
    assert one.nsd == pytest.approx(other.nsd)
    assert one.hd95_mm == pytest.approx(other.hd95_mm)
    assert 0 <= one.dice <= 1
    assert 0 <= one.nsd <= 1
    assert score(a, a, 1, (1.0, 1.5, 2.0), 0.0) == Score(dice=1, nsd=1, hd95_mm=0)
