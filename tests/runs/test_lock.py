"""A folder that one job writes to is closed to others, and open again when the job is gone."""

from __future__ import annotations

import errno
import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.lock import alone_in

JOB = """
import sys, time
from pathlib import Path
from uxnet_compiler.runs.lock import alone_in
with alone_in(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(600)
"""


def test_a_second_job_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", JOB, str(run)], stdout=subprocess.PIPE, text=True
    ) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "in\n"

        with pytest.raises(RunError, match=r"run: another job is at work here; wait for its end"):
            alone_in(run).__enter__()

        job.send_signal(signal.SIGKILL)
    with alone_in(run):
        assert list(run.iterdir()) == []


def test_folders_that_stay_empty_are_removed_and_others_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with alone_in(tmp_path / "mine"):
        pass
    with alone_in(tmp_path / "a" / "b"):
        (tmp_path / "a" / "log").write_text("")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "log", "mine"]


def test_a_block_that_fails_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), alone_in(tmp_path):
        raise KeyError

    with alone_in(tmp_path):
        pass


def test_a_file_system_without_locks_goes_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "as NFS says of folders")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with alone_in(tmp_path / "run"):
        (tmp_path / "run" / "a").write_text("")

    assert [path.name for path in (tmp_path / "run").iterdir()] == ["a"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match=r"run: cannot write here: Not a directory$"):
        alone_in(tmp_path / "file" / "run").__enter__()
