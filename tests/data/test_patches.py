"""Drawing batches from cases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import pytest
import torch

from uxnet_compiler.data.augment import cut
from uxnet_compiler.data.cases import LoadedCase, find_places
from uxnet_compiler.data.patches import Feed, PatchBatches
from uxnet_compiler.data.plan import Plan, ZScoreNormalisation
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
    image = torch.randn(1, *shape, generator=RANDOM)
    return LoadedCase(id=name, image=image, label=label, places=find_places(label))


def test_no_case_is_refused() -> None:
    with pytest.raises(DataError, match="no case to draw patches from"):
        PatchBatches([], plan_of(4, 4), batch_size=1, augment=False, seed=0)


@pytest.mark.parametrize("augment", [True, False])
@pytest.mark.parametrize("shape", [(20, 20, 20), (5, 30, 9), (30, 30)])
def test_batches_have_the_size_of_the_plan(shape: tuple[int, ...], augment: bool) -> None:
    patch = (8, 12, 16)[-len(shape) :]
    batches = PatchBatches(
        [case_of(*shape)], plan_of(*patch), batch_size=3, augment=augment, seed=0
    )

    for image, label in islice(batches, 5):
        assert image.shape == label.shape == (3, 1, *patch)
        assert (image.dtype, label.dtype) == (torch.float32, torch.int64)


def test_every_second_patch_holds_foreground_of_each_class_in_turn() -> None:
    cases = [case_of(24, 24, 24, name=str(i)) for i in range(3)]
    batches = PatchBatches(cases, plan_of(6, 6, 6), batch_size=2, augment=False, seed=0)
    found = [set(label[1].flatten().tolist()) - {0} for _, label in islice(batches, 40)]

    assert all(found)
    assert {1} in found
    assert {2} in found


@pytest.mark.parametrize("batch_size", [1, 3])
def test_so_does_every_second_patch_of_odd_batches(batch_size: int) -> None:
    batches = PatchBatches(
        [case_of(24, 24, 24)], plan_of(6, 6, 6), batch_size=batch_size, augment=False, seed=0
    )
    patches = torch.cat([label for _, label in islice(batches, 40)])

    assert patches[1::2].flatten(1).any(dim=1).all()
    assert not patches[::2].flatten(1).any(dim=1).all()


@pytest.mark.parametrize(
    ("batch_size", "first_voxels"),
    [
        (2, [[36, 0], [46, 50], [45, 50]]),
        (4, [[36, 0, 10, 50], [46, 50, 22, 0], [45, 50, 37, 50]]),
    ],
)
def test_even_batches_are_those_of_every_version(
    batch_size: int, first_voxels: list[list[int]]
) -> None:
    case = case_of(9, 9)
    case["image"] = torch.arange(81.0).reshape(1, 9, 9)
    batches = PatchBatches([case], plan_of(4, 4), batch_size=batch_size, augment=False, seed=3)

    assert [image[:, 0, 0, 0].tolist() for image, _ in islice(batches, 3)] == first_voxels


def test_patches_reach_every_voxel() -> None:
    case = case_of(7, 9)
    case["image"] = torch.arange(63.0).reshape(1, 7, 9)
    batches = PatchBatches([case], plan_of(4, 4), batch_size=2, augment=False, seed=0)

    seen = {value for image, _ in islice(batches, 60) for value in image.flatten().tolist()}

    assert seen == set(range(63))


def test_a_case_smaller_than_the_patch_is_in_it_whole_with_zeros_around() -> None:
    case = case_of(4, 5, 6)
    batches = PatchBatches([case], plan_of(8, 8, 8), batch_size=2, augment=False, seed=0)
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
    case["places"] = find_places(case["label"])
    batches = PatchBatches([case], plan_of(4, 4, 4), batch_size=2, augment=True, seed=0)

    assert not next(batches)[1].any()


@pytest.fixture(scope="module")
def start() -> Callable[..., PatchBatches]:
    """Start batches of 8^3 patches from three small cases."""
    cases = [case_of(16, 16, 16, name=str(i)) for i in range(3)]

    def start(seed: int, feed: Feed | None = None, **options: Any) -> PatchBatches:
        options = {"batch_size": 2, "augment": True} | options
        return PatchBatches(cases, plan_of(8, 8, 8), seed=seed, feed=feed, **options)

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


@pytest.mark.parametrize("feed", [Feed(), Feed(workers=1, ahead=2), Feed(workers=3, ahead=4)])
def test_batches_go_on_where_they_were(feed: Feed, start: Callable[..., PatchBatches]) -> None:
    batches = start(5, feed)
    for _ in range(3):
        next(batches)
    state = batches.state()
    rest = list(islice(batches, 4))

    resumed = start(0, feed)
    next(resumed)  # what was made ahead for another seed must not be given out
    resumed.restore(state)

    assert all(same(a, b) for a, b in zip(islice(resumed, 4), rest, strict=True))


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_that_make_batches_take_one_core_each_and_leave_others_theirs(
    workers: int, start: Callable[..., PatchBatches], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[int, int] = {}

    def noted(*arguments: Any) -> torch.Tensor:
        made[threading.get_ident()] = torch.get_num_threads()
        return cut(*arguments)

    monkeypatch.setattr("uxnet_compiler.data.patches.cut", noted)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        list(islice(start(5, Feed(workers=workers, ahead=6), augment=False), 12))
        with ThreadPoolExecutor(1) as later:
            others = (torch.get_num_threads(), later.submit(torch.get_num_threads).result())
    finally:
        torch.set_num_threads(before)

    assert threading.get_ident() not in made
    assert set(made.values()) == {1}
    assert others == (2, 2)


@pytest.mark.parametrize("workers", [1, 4])
def test_batches_made_ahead_are_the_same(workers: int, start: Callable[..., PatchBatches]) -> None:
    ahead = start(5, Feed(workers=workers, ahead=6))

    assert all(same(a, b) for a, b in islice(zip(start(5), ahead, strict=True), 12))


@pytest.mark.parametrize("augment", [True, False])
@pytest.mark.parametrize(("parts", "batch_size"), [(3, 2), (3, 1), (2, 1)])
def test_processes_share_the_batches_of_one(
    parts: int, batch_size: int, augment: bool, start: Callable[..., PatchBatches]
) -> None:
    whole = start(5, augment=augment, batch_size=parts * batch_size)
    processes = [
        start(5, augment=augment, batch_size=batch_size, part=part, parts=parts)
        for part in range(parts)
    ]

    for _ in range(3):
        shares = [next(process) for process in processes]
        images, labels = (torch.cat(tensors) for tensors in zip(*shares, strict=True))
        assert same((images, labels), next(whole))


def test_the_state_is_plain_numbers(start: Callable[..., PatchBatches]) -> None:
    batches = start(5)
    next(batches)

    assert batches.state() == {"seed": 5, "next": 1, "waited_s": batches.waited_s}


def test_waiting_is_counted_and_kept(start: Callable[..., PatchBatches]) -> None:
    batches = start(5)
    assert batches.waited_s == 0
    next(batches)
    once = batches.waited_s
    next(batches)
    assert batches.waited_s > once > 0

    resumed = start(5)
    resumed.restore(batches.state())
    assert resumed.waited_s == batches.waited_s


def test_a_gpu_is_fed_by_half_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(12)))

    assert Feed.of(torch.device("cpu")) == Feed(workers=1, ahead=2)
    assert Feed.of(torch.device("cuda")) == Feed(workers=6, ahead=12, pinned=True)
    assert Feed.of(torch.device("cuda"), processes=2).workers == 3
    assert Feed.of(torch.device("cuda"), processes=99).workers == 1
