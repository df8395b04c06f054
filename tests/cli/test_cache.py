"""What is kept to save time, on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.files import CACHE_VARIABLE, cache_room


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder with 3 KiB in it, and a file of somebody else."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    (cache_room("cases") / "x.safetensors").write_bytes(bytes(2048))
    (cache_room("facts") / "y.safetensors").write_bytes(bytes(1024))
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("precious", encoding="utf-8")
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["cache", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_cache_is_shown_room_by_room(folder: Path) -> None:
    shown = json.loads(run("show", "--json"))

    assert shown["folder"] == str(folder)
    assert shown["rooms"] == {
        "cases": {"files": 1, "bytes": 2048},
        "facts": {"files": 1, "bytes": 1024},
    }
    assert run("show").splitlines()[0] == str(folder)


def test_clearing_removes_what_was_cached_and_nothing_else(folder: Path) -> None:
    assert run("clear") == "2 files, 0.0 MiB\n"

    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["thesis.txt"]
    assert json.loads(run("show", "--json"))["rooms"] == {}


def test_the_option_moves_the_cache_for_one_command(
    folder: Path, phantom_set_2d: Path, tmp_path: Path
) -> None:
    before = len(list((folder / "cases").iterdir()))
    small = "--steps 1 --levels 2 --width 2 --batch-size 1 --device cpu --precision float32"
    out = ["--out", str(tmp_path / "run"), "--cache", str(tmp_path / "other")]

    result = CliRunner().invoke(main, ["search", str(phantom_set_2d), *small.split(), *out])

    assert result.exit_code == 0, result.output
    assert len(list((tmp_path / "other" / "cases").glob("*.safetensors"))) == 6
    assert len(list((folder / "cases").iterdir())) == before
    assert os.environ[CACHE_VARIABLE] == str(folder)


def test_a_cache_that_cannot_be_written_is_one_line(phantom_set_2d: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = ["--out", str(tmp_path / "run"), "--cache", str(tmp_path / "file" / "cache")]

    result = CliRunner().invoke(main, ["search", str(phantom_set_2d), "--steps", "1", *out])

    assert result.exit_code == 1
    assert "cannot keep a cache here" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
