"""Where things that can be made again are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import CACHE_VARIABLE, cache_folder


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (CACHE_VARIABLE, "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


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
