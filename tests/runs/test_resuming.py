from __future__ import annotations

from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.checkpoint import save_checkpoint
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.resuming import reopen


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    save_checkpoint(folder.checkpoint_path, {"step": 4, "data": "aa", "processes": 2})
    return folder


def test_a_run_goes_on_from_its_checkpoint(folder: RunFolder) -> None:
    assert reopen(folder, "aa", 2, lambda _: None)["step"] == 4


@pytest.mark.parametrize(
    ("digest", "processes", "message"),
    [("bb", 2, "other data"), ("aa", 1, "count of processes: it was 2, is now 1")],
)
def test_other_data_or_processes_are_refused_and_nothing_is_lost(
    folder: RunFolder, digest: str, processes: int, message: str
) -> None:
    before = folder.checkpoint_path.read_bytes()

    with pytest.raises(RunError, match=message):
        reopen(folder, digest, processes, lambda _: None)

    assert folder.checkpoint_path.read_bytes() == before
