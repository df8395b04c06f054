from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.folder import RunFolder


class Config(BaseModel):
    steps: int = 10
    lr: float = 0.1


def test_a_new_run_holds_its_configuration(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", Config(steps=3))

    assert RunFolder.open(tmp_path / "run").read(folder.config_path, Config) == Config(steps=3)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    with pytest.raises(RunError, match="not empty"):
        RunFolder.create(tmp_path, Config())

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_second_run_in_the_same_folder_is_told_about_resume(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", Config())

    with pytest.raises(RunError, match="--resume"):
        RunFolder.create(tmp_path / "run", Config())


def test_a_run_is_resumed_with_the_same_configuration_only(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", Config())

    assert RunFolder.create(tmp_path / "run", Config(), resume=True).path == tmp_path / "run"
    with pytest.raises(RunError, match=r"lr was 0\.1, is now 0\.2"):
        RunFolder.create(tmp_path / "run", Config(lr=0.2), resume=True)


def test_there_must_be_a_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run to resume"):
        RunFolder.create(tmp_path / "run", Config(), resume=True)

    assert not (tmp_path / "run").exists()


def test_a_file_is_not_a_run_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")

    with pytest.raises(RunError, match="is a file"):
        RunFolder.create(tmp_path / "run", Config())
    with pytest.raises(RunError, match="not a run folder"):
        RunFolder.open(tmp_path / "run")


def test_a_damaged_configuration_is_one_line(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", Config())
    folder.config_path.write_text('{"steps": "many", "lr": "much"}')

    with pytest.raises(RunError, match=r"config\.json: steps: .*\(and 1 more\)") as caught:
        folder.read(folder.config_path, Config)

    assert "\n" not in str(caught.value)
