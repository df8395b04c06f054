"""Loading cases and drawing batches from them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import torch

from uxnet_compiler.data.decathlon import Dataset, open_dataset
from uxnet_compiler.data.fingerprint import fingerprint
from uxnet_compiler.data.patches import LoadedCase, PatchBatches, load_cases, patch_batches
from uxnet_compiler.data.plan import Plan, ZScoreNormalisation, plan
from uxnet_compiler.errors import DataError

RANDOM = torch.Generator().manual_seed(0)


def plan_of(*patch_size: int) -> Plan:
    return Plan(
        spatial_dims=len(patch_size),
        spacing=(1.0,) * len(patch_size),
        patch_size=patch_size,
        strides=((1,) * len(patch_size),),
        batch_size=2,
        normalisation=(ZScoreNormalisation(nonzero=False),),
    )


def case_of(*shape: int, name: str = "x") -> LoadedCase:
    """A case whose only foreground is one voxel of class 1 and one of class 2, at the corners."""
    label = torch.zeros(1, *shape, dtype=torch.int16)
    label.view(-1)[0], label.view(-1)[-1] = 1, 2
    return LoadedCase(id=name, image=torch.randn(1, *shape, generator=RANDOM), label=label)


@pytest.fixture(scope="module")
def dataset(phantom_set: Path) -> Dataset:
    return open_dataset(phantom_set)


@pytest.fixture(scope="module")
def phantom_plan(dataset: Dataset) -> Plan:
    return plan(fingerprint(dataset), memory_bytes=2**30, bytes_per_voxel=1000)


def test_cases_are_loaded_in_the_order_of_their_ids(dataset: Dataset, phantom_plan: Plan) -> None:
    seen = []

    cases = load_cases(
        dataset,
        ["phantom_003", "phantom_001"],
        phantom_plan,
        lambda done, total: seen.append((done, total)),
    )

    assert [case["id"] for case in cases] == ["phantom_003", "phantom_001"]
    assert seen == [(1, 2), (2, 2)]
    for case in cases:
        assert case["image"].shape == case["label"].shape == (1, 32, 32, 32)
        assert (case["image"].dtype, case["label"].dtype) == (torch.float32, torch.int16)
        assert case["image"].mean().abs() < 1e-4
        assert {0, 1, 2, 3} <= set(case["label"].flatten().tolist())


def test_an_id_that_is_not_there_is_named(dataset: Dataset, phantom_plan: Plan) -> None:
    with pytest.raises(DataError, match="no case with the id 'phantom_9' in dataset"):
        load_cases(dataset, ["phantom_9"], phantom_plan)


def test_no_case_is_refused() -> None:
    with pytest.raises(DataError, match="no case to draw patches from"):
        patch_batches([], plan_of(4, 4), batch_size=1, augment=False, seed=0)


@pytest.mark.parametrize("augment", [True, False])
@pytest.mark.parametrize("shape", [(20, 20, 20), (5, 30, 9), (30, 30)])
def test_batches_have_the_size_of_the_plan(shape: tuple[int, ...], augment: bool) -> None:
    patch = (8, 12, 16)[-len(shape) :]
    batches = patch_batches(
        [case_of(*shape)], plan_of(*patch), batch_size=3, augment=augment, seed=0
    )

    for image, label in islice(batches, 5):
        assert image.shape == label.shape == (3, 1, *patch)
        assert (image.dtype, label.dtype) == (torch.float32, torch.int64)


def test_every_second_patch_holds_foreground_of_each_class_in_turn() -> None:
    cases = [case_of(24, 24, 24, name=str(i)) for i in range(3)]
    batches = patch_batches(cases, plan_of(6, 6, 6), batch_size=2, augment=False, seed=0)
    found = [set(label[1].flatten().tolist()) - {0} for _, label in islice(batches, 40)]

    assert all(found)
    assert {1} in found
    assert {2} in found


def test_patches_reach_every_voxel() -> None:
    case = case_of(7, 9)
    case["image"] = torch.arange(63.0).reshape(1, 7, 9)
    batches = patch_batches([case], plan_of(4, 4), batch_size=2, augment=False, seed=0)

    seen = {value for image, _ in islice(batches, 60) for value in image.flatten().tolist()}

    assert seen == set(range(63))


def test_a_case_smaller_than_the_patch_is_in_it_whole_with_zeros_around() -> None:
    case = case_of(4, 5, 6)
    batches = patch_batches([case], plan_of(8, 8, 8), batch_size=2, augment=False, seed=0)
    corners = set()

    for image, label in islice(batches, 20):
        assert torch.allclose(image.sum(dim=(1, 2, 3, 4)), case["image"].sum(), atol=1e-4)
        assert (image != 0).sum() == 2 * 4 * 5 * 6
        assert label.sum() == 2 * 3
        corners.add(tuple((label[0, 0] == 1).nonzero()[0].tolist()))
    assert len(corners) > 5  # it is not always in the same place


def test_a_case_without_foreground_gives_patches() -> None:
    case = case_of(8, 8, 8)
    case["label"].zero_()
    batches = patch_batches([case], plan_of(4, 4, 4), batch_size=2, augment=True, seed=0)

    assert not next(batches)[1].any()


@pytest.fixture(scope="module")
def start() -> Callable[..., PatchBatches]:
    """Start batches of 8^3 patches from three small cases."""
    cases = [case_of(16, 16, 16, name=str(i)) for i in range(3)]

    def start(seed: int, ahead: int = 0) -> PatchBatches:
        return patch_batches(
            cases, plan_of(8, 8, 8), batch_size=2, augment=True, seed=seed, ahead=ahead
        )

    return start


def same(first: tuple[torch.Tensor, ...], second: tuple[torch.Tensor, ...]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_seed_fixes_the_batches(start: Callable[..., PatchBatches]) -> None:
    torch.manual_seed(1)
    first = list(islice(start(5), 4))
    torch.manual_seed(2)
    again = list(islice(start(5), 4))
    others = list(islice(start(6), 4))

    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    assert not any(same(a, b) for a, b in zip(first, others, strict=True))
    assert not same(first[0], first[1])


@pytest.mark.parametrize("ahead", [0, 2])
def test_batches_go_on_where_they_were(ahead: int, start: Callable[..., PatchBatches]) -> None:
    batches = start(5, ahead)
    for _ in range(3):
        next(batches)
    state = batches.state()
    rest = list(islice(batches, 4))

    resumed = start(0, ahead)
    next(resumed)  # what was made ahead for another seed must not be given out
    resumed.restore(state)

    assert all(same(a, b) for a, b in zip(islice(resumed, 4), rest, strict=True))


def test_batches_made_ahead_are_the_same(start: Callable[..., PatchBatches]) -> None:
    assert all(same(a, b) for a, b in islice(zip(start(5), start(5, 3), strict=True), 6))


def test_the_state_is_plain_numbers(start: Callable[..., PatchBatches]) -> None:
    batches = start(5)
    next(batches)

    assert batches.state() == {"seed": 5, "next": 1}
