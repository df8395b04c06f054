"""Cutting patches out of cases and varying them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from uxnet_compiler.data.augment import Augmentation, Chance, cut
from uxnet_compiler.data.plan import Plan, ZScoreNormalisation


def plan_of(patch_size: tuple[int, ...], spacing: tuple[float, ...]) -> Plan:
    return Plan(
        spatial_dims=len(patch_size),
        spacing=spacing,
        patch_size=patch_size,
        strides=((1,) * len(patch_size),),
        batch_size=1,
        normalisation=(ZScoreNormalisation(nonzero=False),),
    )


@settings(deadline=None)
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=3),
    start=st.lists(st.integers(-9, 9), min_size=3, max_size=3),
    size=st.lists(st.integers(1, 6), min_size=3, max_size=3),
)
def test_a_cut_holds_the_volume_where_it_is_and_zeros_elsewhere(
    shape: list[int], start: list[int], size: list[int]
) -> None:
    dims = len(shape)
    volume = torch.arange(1, 1 + int(np.prod(shape))).reshape(1, *shape)

    found = cut(volume, start[:dims], size[:dims])

    assert found.shape == (1, *size[:dims])
    for index in np.ndindex(*size[:dims]):
        at = [first + i for first, i in zip(start, index, strict=False)]
        inside = all(0 <= i < n for i, n in zip(at, shape, strict=True))
        assert found[(0, *index)] == (volume[(0, *at)] if inside else 0)


@pytest.mark.parametrize(
    ("patch_size", "spacing"),
    [((8, 12, 16), (1.0, 1.0, 1.0)), ((8, 12, 16), (5.0, 1.0, 1.0)), ((12, 16), (1.0, 1.0))],
)
def test_image_and_label_move_alike(
    patch_size: tuple[int, ...], spacing: tuple[float, ...]
) -> None:
    shape = tuple(2 * size for size in patch_size)
    label = torch.zeros(1, *shape, dtype=torch.int16)
    for axis, size in enumerate(shape, start=1):
        label.narrow(axis, size // 2, size // 2).add_(1)
    label = (label == len(shape)).short() * 2
    image = label.float()
    augment = Augmentation(plan_of(patch_size, spacing))
    start = [size // 2 for size in patch_size]
    seen = set()

    for seed in range(40):
        moved, labels = augment(image, label, start, Chance.draw(np.random.default_rng(seed)))

        assert moved.shape == labels.shape == (1, *patch_size)
        assert set(labels.flatten().tolist()) <= {0, 2}
        assert torch.isfinite(moved).all()
        # whatever happens to the brightness, foreground stays brighter than background
        inside, outside = moved[labels > 0].median(), moved[labels == 0].median()
        assert inside > outside + 0.5
        seen.add(labels.numpy().tobytes())
    assert len(seen) > 8  # more than what flips alone can make


def test_slices_far_apart_are_not_mixed() -> None:
    patch_size = (8, 16, 16)
    label = torch.arange(8, dtype=torch.int16).reshape(1, 8, 1, 1).expand(1, 8, 16, 16)
    augment = Augmentation(plan_of(patch_size, (5.0, 1.0, 1.0)))

    for seed in range(30):
        _, labels = augment(
            label.float(), label, [0, 0, 0], Chance.draw(np.random.default_rng(seed))
        )

        for plane in labels[0]:
            assert len(set(plane.flatten().tolist()) - {0}) <= 1  # zeros come in at the border


def test_the_same_random_state_gives_the_same_patch() -> None:
    image = torch.randn(2, 20, 20, 20, generator=torch.Generator().manual_seed(0))
    label = (image[:1] > 0).short()
    augment = Augmentation(plan_of((12, 12, 12), (1.0, 1.0, 1.0)))

    for seed in range(10):
        first = augment(image, label, [2, 2, 2], Chance.draw(np.random.default_rng(seed)))
        again = augment(image, label, [2, 2, 2], Chance.draw(np.random.default_rng(seed)))

        assert torch.equal(first[0], again[0])
        assert torch.equal(first[1], again[1])


def test_the_case_itself_is_not_changed() -> None:
    image = torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    label = (image > 0).short()
    before = image.clone(), label.clone()
    augment = Augmentation(plan_of((8, 8, 8), (1.0, 1.0, 1.0)))

    for seed in range(40):
        augment(image, label, [0, 0, 0], Chance.draw(np.random.default_rng(seed)))

    assert torch.equal(image, before[0])
    assert torch.equal(label, before[1])


@pytest.mark.parametrize("mirror", [False, True])
def test_sides_change_only_when_mirroring_is_asked_for(mirror: bool) -> None:
    size = (8, 8, 8)
    label = torch.zeros(1, *size, dtype=torch.int16)
    label[:, :4] = 1
    augment = Augmentation(plan_of(size, (1.0, 1.0, 1.0)), mirror=mirror)
    first = []

    for seed in range(30):
        _, labels = augment(
            label.float(), label, [0, 0, 0], Chance.draw(np.random.default_rng(seed))
        )
        half = labels[0, :4].float().mean() > labels[0, 4:].float().mean()
        first.append(bool(half))

    assert all(first) != mirror
