from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.folder import RunFolder


class Config(BaseModel):
    steps: int = 10
    lr: float = 0.1


def begin(path: Path, config: Config) -> RunFolder:
    folder = RunFolder(path)
    folder.check(config)
    with folder.beginning(config):
        pass
    return folder


def test_a_new_run_holds_its_configuration_and_nothing_else(tmp_path: Path) -> None:
    folder = begin(tmp_path / "run", Config(steps=3))

    assert [path.name for path in folder.path.iterdir()] == ["config.json"]
    assert RunFolder.open(tmp_path / "run").read(folder.config_path, Config) == Config(steps=3)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")

    with pytest.raises(RunError, match="not empty"):
        begin(tmp_path, Config())

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_second_run_in_the_same_folder_is_told_about_resume(tmp_path: Path) -> None:
    begin(tmp_path / "run", Config())

    with pytest.raises(RunError, match="--resume"):
        begin(tmp_path / "run", Config())


def test_a_run_is_resumed_with_the_same_configuration_only(tmp_path: Path) -> None:
    folder = begin(tmp_path / "run", Config())

    folder.check(Config(), resume=True)
    with pytest.raises(RunError, match=r"lr was 0\.1, is now 0\.2"):
        folder.check(Config(lr=0.2), resume=True)


def test_what_may_be_mended_is_told_and_written_down(tmp_path: Path) -> None:
    folder = begin(tmp_path / "run", Config())
    notes: list[str] = []

    mended = folder.check(Config(lr=0.2), resume=True, mendable=["lr"])
    folder.go_on(Config(lr=0.2), mended, notes.append)

    assert mended == ("lr was 0.1, is now 0.2",)
    assert notes == ["lr was 0.1, is now 0.2: the end will be another one than without this change"]
    assert folder.check(Config(lr=0.2), resume=True) == ()


def test_there_must_be_a_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run to resume"):
        RunFolder(tmp_path / "run").check(Config(), resume=True)

    assert not (tmp_path / "run").exists()


def test_a_file_is_not_a_run_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")

    with pytest.raises(RunError, match="is a file"):
        begin(tmp_path / "run", Config())
    with pytest.raises(RunError, match="not a run folder"):
        RunFolder.open(tmp_path / "run")


def test_a_damaged_configuration_is_one_line(tmp_path: Path) -> None:
    folder = begin(tmp_path / "run", Config())
    folder.config_path.write_text('{"steps": "many", "lr": "much"}')

    with pytest.raises(RunError, match=r"config\.json: steps: .*\(and 1 more\)") as caught:
        folder.read(folder.config_path, Config)

    assert "\n" not in str(caught.value)


def test_a_beginning_that_was_cut_off_is_not_in_the_way(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    beginning = folder.beginning(Config())
    beginning.__enter__()
    folder.write(folder.plan_path, Config())
    folder.path.joinpath(".writing-x").mkdir()

    with pytest.raises(RunError, match="no run to resume"):
        folder.check(Config(), resume=True)
    begin(folder.path, Config(steps=3))

    assert folder.read(folder.config_path, Config) == Config(steps=3)
    assert {path.name for path in folder.path.iterdir()} == {"config.json", "plan.json"}


def test_a_folder_that_holds_unfinished_drafts_alone_counts_as_empty(tmp_path: Path) -> None:
    tmp_path.joinpath("run", ".writing-x").mkdir(parents=True)

    begin(tmp_path / "run", Config())

    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]


def test_a_place_that_allows_no_new_files_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match=r"run: cannot write here: .*file allows no new files"):
        RunFolder(tmp_path / "file" / "run").check(Config())
