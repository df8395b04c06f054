"""Loading cases: preprocessed once, then opened from the cache."""

# mypy: disallow-untyped-calls=False

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import torch
from numpy.typing import NDArray

from uxnet_compiler.data import cases as cases_module
from uxnet_compiler.data.cases import LoadedCase, find_places, load_cases
from uxnet_compiler.data.dataset import Dataset
from uxnet_compiler.data.fingerprint import fingerprint, read_case
from uxnet_compiler.data.plan import Plan, plan
from uxnet_compiler.data.preprocess import preprocess, preprocess_label
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import DataError
from uxnet_compiler.files import CACHE_VARIABLE


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
        assert (case["image"].dtype, case["label"].dtype) == (torch.float32, torch.uint8)
        assert case["image"].mean().abs() < 1e-4
        assert {0, 1, 2, 3} <= set(case["label"].flatten().tolist())


def test_an_id_that_is_not_there_is_named(dataset: Dataset, phantom_plan: Plan) -> None:
    with pytest.raises(DataError, match="no case with the id 'phantom_9'"):
        load_cases(dataset, ["phantom_9"], phantom_plan)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start with an empty cache."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def own(tmp_path: Path, phantom_set: Path) -> Dataset:
    """Return a data set that may be changed; its files are old enough to be remembered."""
    root = Path(shutil.copytree(phantom_set, tmp_path / "own"))
    for path in root.rglob("*.nii.gz"):
        os.utime(path, (1e9, 1e9))
    return open_dataset(root)


def load(dataset: Dataset, plan: Plan, *numbers: int) -> list[LoadedCase]:
    return load_cases(dataset, [f"phantom_{number:03d}" for number in numbers or range(6)], plan)


def made(cache: Path) -> dict[str, int]:
    """Return the entries, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (cache / "cases").glob("*.safetensors")}


def same(first: LoadedCase, second: LoadedCase) -> bool:
    places = zip(first["places"], second["places"], strict=True)
    return (
        torch.equal(first["image"], second["image"])
        and torch.equal(first["label"], second["label"])
        and all(np.array_equal(a, b) for a, b in places)
    )


@pytest.mark.usefixtures("cache")
def test_a_loaded_case_is_what_preprocessing_makes(own: Dataset, phantom_plan: Plan) -> None:
    for _ in ("made", "opened"):
        for case, loaded in zip(own.cases, load(own, phantom_plan), strict=True):
            image, label = read_case(own, case)
            assert np.array_equal(loaded["image"].numpy(), preprocess(image, phantom_plan))
            wanted = preprocess_label(label, image, phantom_plan)
            assert np.array_equal(loaded["label"][0].numpy(), wanted)
            assert all(
                np.array_equal(a, b)
                for a, b in zip(loaded["places"], find_places(loaded["label"]), strict=True)
            )


def test_an_opened_case_is_not_made_again_and_names_no_patient(
    cache: Path, own: Dataset, phantom_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(own, phantom_plan)
    monkeypatch.setattr(cases_module, "read_case", None)  # it would fail when called

    again = load(own, phantom_plan)

    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    assert len(made(cache)) == 6
    written = " ".join(str(path) for path in cache.rglob("*"))
    assert "phantom" not in written
    assert "phantom" not in " ".join(path.read_text() for path in (cache / "files").iterdir())


def test_a_changed_file_is_met_by_a_new_entry(
    cache: Path, own: Dataset, phantom_plan: Plan
) -> None:
    (before,) = load(own, phantom_plan, 0)
    first = made(cache)
    path = str(own.cases[0].label)
    sitk.WriteImage(sitk.ReadImage(path) > 1, path)

    (after,) = load(own, phantom_plan, 0)

    assert torch.equal(before["image"], after["image"])
    assert not torch.equal(before["label"], after["label"])
    assert first.items() < made(cache).items()


def test_a_file_changed_without_a_new_size_or_time_is_noticed_when_it_is_new(
    cache: Path, own: Dataset, phantom_plan: Plan
) -> None:
    """Two writes within the clock of the file system cannot be told apart later."""
    path = own.cases[0].label
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    plain = path.with_name("x.nii")
    own = Dataset(own.root, own.name, own.channels, own.labels, (own.cases[0],))
    own.cases[0].__dict__["label"] = plain

    def write(array: NDArray[np.uint8]) -> None:
        picture = sitk.GetImageFromArray(array)
        picture.CopyInformation(sitk.ReadImage(str(path)))
        sitk.WriteImage(picture, str(plain))

    write(labels)
    stat = plain.stat()
    load(own, phantom_plan, 0)
    write(labels[::-1].copy())
    os.utime(plain, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    (after,) = load(own, phantom_plan, 0)

    assert np.array_equal(after["label"][0].numpy(), labels[::-1])
    assert len(made(cache)) == 2


def test_another_plan_is_met_by_a_new_entry_and_another_patch_is_not(
    cache: Path, own: Dataset, phantom_plan: Plan
) -> None:
    load(own, phantom_plan, 0)
    load(own, phantom_plan.model_copy(update={"batch_size": 5}), 0)
    assert len(made(cache)) == 1

    (coarse,) = load(own, phantom_plan.model_copy(update={"spacing": (2.0, 2.0, 2.0)}), 0)

    assert coarse["image"].shape == (1, 16, 16, 16)
    assert len(made(cache)) == 2


@pytest.mark.parametrize("damage", ["empty", "cut", "garbage"])
def test_a_damaged_entry_is_made_again(
    damage: str, cache: Path, own: Dataset, phantom_plan: Plan
) -> None:
    wanted = load(own, phantom_plan, 0)
    (entry,) = (cache / "cases").glob("*.safetensors")
    whole = entry.read_bytes()
    entry.unlink()  # a map of the old bytes is still in use
    entry.write_bytes({"empty": b"", "cut": whole[:-1], "garbage": b"x" * 100}[damage])

    found = load(own, phantom_plan, 0)

    assert same(*wanted, *found)
    assert entry.read_bytes() == whole


def test_several_fill_a_cache_together(cache: Path, own: Dataset, phantom_plan: Plan) -> None:
    with ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(lambda _: load(own, phantom_plan), range(3))

    for other in others:
        assert all(same(a, b) for a, b in zip(first, other, strict=True))
    assert len(made(cache)) == 6
    assert not list((cache / "cases").glob(".writing*"))


def test_a_case_that_cannot_be_used_leaves_no_entry(
    cache: Path, own: Dataset, phantom_plan: Plan
) -> None:
    own.cases[1].image.write_bytes(b"no image")

    with pytest.raises(DataError, match=r"phantom_001\.nii\.gz"):
        load(own, phantom_plan, 1)

    assert not made(cache)


def test_an_image_whose_voxels_lie_elsewhere_is_read_each_time(
    cache: Path, own: Dataset, phantom_plan: Plan
) -> None:
    case = own.cases[0]
    picture = sitk.ReadImage(str(case.image))
    detached = case.image.with_name("x.mhd")
    sitk.WriteImage(picture, str(detached))
    case.__dict__["image"] = detached
    (before,) = load(own, phantom_plan, 0)
    sitk.WriteImage(picture * picture, str(detached))

    (after,) = load(own, phantom_plan, 0)

    assert not torch.equal(before["image"], after["image"])
    assert not made(cache)


def test_cases_use_no_file_descriptors(cache: Path, own: Dataset, phantom_plan: Plan) -> None:
    load(own, phantom_plan)
    before = len(list(Path("/proc/self/fd").iterdir()))

    opened = load(own, phantom_plan)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(opened) == 6
    assert "cases" in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert str(cache) in Path("/proc/self/maps").read_text(encoding="utf-8")
