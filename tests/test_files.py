"""All or nothing, and where things that can be made again are kept."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import CACHE_VARIABLE, cache_folder, replacing, write_text


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (CACHE_VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_a_full_disk_is_told_with_the_file_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "out.json"

    message = f"^{re.escape(str(path))}: cannot be written: No space left"
    with pytest.raises(RunError, match=message), replacing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert not list(tmp_path.iterdir())


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    with pytest.raises(RunError) as caught:
        write_text(tmp_path / "there", "text")

    assert str(caught.value) == f"{tmp_path / 'there'}: cannot be written: Is a directory"


@pytest.mark.parametrize("here", [".", "..", "there/.."])
def test_the_folder_one_is_in_is_not_replaced(here: str) -> None:
    with pytest.raises(RunError, match="give a new folder or file a name"), replacing(Path(here)):
        pytest.fail("the block was entered")


def test_a_file_that_cannot_be_read_meanwhile_is_told_as_it_is(tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"

    with pytest.raises(FileNotFoundError, match=r"missing\.json"), replacing(tmp_path / "out.json"):
        missing.read_text()


def test_the_cache_is_in_the_home_folder_unless_a_variable_moves_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/does/not/count")
    assert cache_folder() == Path("/home/somebody/.cache/uxnet")

    monkeypatch.setenv("XDG_CACHE_HOME", "/large/disk")
    assert cache_folder() == Path("/large/disk/uxnet")

    monkeypatch.setenv(CACHE_VARIABLE, "/largest/disk")
    assert cache_folder() == Path("/largest/disk")


def test_a_user_without_a_home_is_told_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", no_home)

    with pytest.raises(RunError, match=f"no home folder .*{CACHE_VARIABLE}"):
        cache_folder()
