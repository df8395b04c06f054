"""Planning spacing, patch and strides."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from uxnet_compiler.data.fingerprint import Fingerprint, Intensities
from uxnet_compiler.data.plan import CtNormalisation, Plan, ZScoreNormalisation, plan
from uxnet_compiler.errors import DataError

MUCH = 2**40


def measured(
    shape: tuple[int, ...],
    spacing: tuple[float, ...] | None = None,
    *,
    intensities: tuple[Intensities | None, ...] = (None,),
    zero_fraction: float = 0.0,
) -> Fingerprint:
    return Fingerprint(
        spatial_dims=len(shape),
        num_cases=3,
        median_shape=shape,
        median_spacing=spacing or (1.0,) * len(shape),
        channels=("x",) * len(intensities),
        intensities=intensities,
        class_fractions=(0.9, 0.1),
        zero_fraction=zero_fraction,
    )


def planned(fingerprint: Fingerprint, **options: Any) -> Plan:
    return plan(fingerprint, **{"memory_bytes": MUCH, "bytes_per_voxel": 4000.0, **options})


def test_hippocampus_gets_the_patch_and_the_levels_of_nnu_net() -> None:
    # nnU-Net's published plan for this task: patch 40 x 56 x 40, every axis halved three times
    found = planned(measured((36, 50, 35)))

    assert found.patch_size == (40, 56, 40)
    assert found.strides == ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2))


def test_an_anisotropic_axis_is_halved_once_the_others_have_caught_up() -> None:
    found = planned(measured((20, 320, 256), (3.6, 0.6, 0.6)), max_levels=6)

    assert found.strides == ((1, 1, 1), (1, 2, 2), (1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2))
    assert found.patch_size == (20, 320, 256)


def test_pictures_get_two_axes() -> None:
    found = planned(measured((30, 45)), max_levels=3)

    assert found.strides == ((1, 1), (2, 2), (2, 2))
    assert found.patch_size == (32, 48)


def test_an_image_too_small_to_halve_has_one_level() -> None:
    found = planned(measured((7, 6, 5)))

    assert found.strides == ((1, 1, 1),)
    assert found.patch_size == (7, 6, 5)


def test_given_strides_are_kept_and_the_patch_keeps_four_voxels_at_the_deepest_level() -> None:
    strides = ((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2))

    found = planned(measured((10, 50, 35)), strides=strides)

    assert found.strides == strides
    assert found.patch_size == (16, 56, 40)


def test_a_patch_beyond_the_memory_loses_its_longest_side_first() -> None:
    found = planned(measured((36, 50, 35)), memory_bytes=2 * 40**3 * 4000)

    assert found.patch_size == (40, 40, 40)


def test_a_memory_too_small_for_any_patch_is_refused() -> None:
    with pytest.raises(DataError, match=r"smallest patch \(32, 32, 32\) needs 250 MiB and 95 MiB"):
        planned(
            measured((36, 50, 35)),
            strides=((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2)),
            memory_bytes=100_000_000,
        )


def test_strides_of_another_number_of_axes_are_refused() -> None:
    with pytest.raises(DataError, match="the network is 2-D and the data set 3-D"):
        planned(measured((36, 50, 35)), strides=((1, 1), (2, 2)))


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(4, 600), min_size=2, max_size=3),
    spacing=st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    max_levels=st.integers(1, 6),
    batch_size=st.integers(1, 4),
    memory_bytes=st.integers(2**20, 2**36),
)
def test_every_plan_is_lawful(
    shape: list[int], spacing: list[float], max_levels: int, batch_size: int, memory_bytes: int
) -> None:
    fingerprint = measured(tuple(shape), tuple(spacing[: len(shape)]))
    try:
        found = planned(
            fingerprint, max_levels=max_levels, batch_size=batch_size, memory_bytes=memory_bytes
        )
    except DataError:
        assert batch_size * 4 ** len(shape) * 4000 > memory_bytes
        return

    assert Plan.model_validate_json(found.model_dump_json()) == found
    assert 1 <= len(found.strides) <= max_levels
    assert batch_size * prod(found.patch_size) * 4000 <= memory_bytes
    for size, stride, median in zip(found.patch_size, found.total_stride, shape, strict=True):
        assert size % stride == 0
        assert size // stride >= 4
        assert size < median + stride or size == 4 * stride
    for level in range(1, len(found.strides)):
        total = [prod(s[axis] for s in found.strides[:level]) for axis in range(len(shape))]
        now = [at * factor for at, factor in zip(found.spacing, total, strict=True)]
        halved = [axis for axis, stride in enumerate(found.strides[level]) if stride == 2]
        assert halved
        assert max(now[axis] for axis in halved) < 2 * min(now[axis] for axis in halved)


def test_ct_is_clipped_and_other_modalities_are_standardised() -> None:
    numbers = Intensities(mean=50, std=30, percentile_00_5=-20, percentile_99_5=200)

    found = planned(measured((36, 50, 35), intensities=(numbers, None)))

    assert found.normalisation == (
        CtNormalisation(low=-20, high=200, mean=50, std=30),
        ZScoreNormalisation(nonzero=False),
    )


def test_a_background_of_zeros_is_left_out_of_the_statistics() -> None:
    found = planned(measured((36, 50, 35), zero_fraction=0.5))

    assert found.normalisation == (ZScoreNormalisation(nonzero=True),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_size": (41, 56, 40)}, "multiple of the total stride"),
        ({"patch_size": (40, 56)}, "one number an axis"),
        ({"strides": ((2, 2, 2), (2, 2, 2))}, "the first level is the full resolution"),
        ({"spacing": (1.0, 1.0, float("nan"))}, "spacing.2"),
        ({"spacing": (1.0, 1.0, 0.0)}, "greater than 0"),
        ({"batch_size": 0}, "batch_size"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_plan_from_a_file_is_checked(change: dict[str, Any], message: str) -> None:
    fields = planned(measured((36, 50, 35))).model_dump()

    with pytest.raises(ValidationError, match=message):
        Plan.model_validate({**fields, **change})
