"""The cache of what was made from files: what is remembered, and what survives clearing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from uxnet_compiler.data import store as module
from uxnet_compiler.data.store import Store, Tensors
from uxnet_compiler.files import (
    CACHE_VARIABLE,
    Room,
    cache_room,
    cache_rooms,
    clear_cache,
    replacing,
)

MADE = {"numbers": torch.arange(5)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start with an empty cache."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a file that was written long ago, and not read since."""
    path = tmp_path / "x.nii"
    path.write_bytes(b"voxels")
    os.utime(path, (1e9, 1e9))
    return path


def get(path: Path) -> Tensors:
    return Store("cases", ()).get([path], "how", lambda: dict(MADE))


def test_the_bytes_of_an_old_file_are_read_once(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("cases", ())
    digest = store.digest(old)
    monkeypatch.setattr("hashlib.file_digest", None)  # it would fail when called

    assert store.digest(old) == digest


def test_other_bytes_of_the_same_length_and_time_are_noticed(old: Path) -> None:
    store = Store("cases", ())
    before = {store.digest(old) for _ in range(3)}
    old.write_bytes(b"VOXELS")
    os.utime(old, (1e9, 1e9))

    assert store.digest(old) not in before


def test_a_job_that_is_writing_an_entry_survives_clearing(
    old: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(made: Tensors, draft: Path) -> None:
        clear_cache()
        save_file(made, draft)
        clear_cache()

    monkeypatch.setattr(module, "save_file", save)

    assert torch.equal(get(old)["numbers"], MADE["numbers"])
    assert len(list((cache / "cases").glob("*.safetensors"))) == 1
    assert [room.path.name for room in cache_rooms()] == ["cases"]


def test_an_entry_that_is_cleared_as_soon_as_it_is_written_is_given_out(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def replacing_and_clearing(path: Path) -> Iterator[Path]:
        with replacing(path) as draft:
            yield draft
        clear_cache()

    monkeypatch.setattr(module, "replacing", replacing_and_clearing)

    assert torch.equal(get(old)["numbers"], MADE["numbers"])


def test_what_a_killed_job_left_is_cleared_after_a_day(cache: Path) -> None:
    room = cache_room("cases")
    for name, age_s in (("new", 0), ("left", 2 * 24 * 3600)):
        draft = room / f".writing-{name}"
        draft.mkdir()
        (draft / "x.safetensors").write_bytes(bytes(10))
        then_s = draft.stat().st_mtime - age_s
        os.utime(draft, (then_s, then_s))

    assert cache_rooms() == [Room(room, 1, 10)]
    clear_cache()
    assert [path.name for path in room.iterdir() if path.is_dir()] == [".writing-new"]

    shutil.rmtree(room / ".writing-new")
    clear_cache()
    assert not list(cache.iterdir())


def test_a_file_that_vanishes_while_the_cache_is_looked_at_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = cache_room("cases")
    for name in ("stays", "vanishes"):
        (room / name).write_bytes(bytes(10))

    def is_file(path: Path) -> bool:
        found = was_file(path)
        if path.name == "vanishes":
            path.unlink(missing_ok=True)
        return found

    was_file = Path.is_file
    monkeypatch.setattr(Path, "is_file", is_file)

    assert cache_rooms() == [Room(room, 1, 10)]
