from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.board import BOARD_FILE, Board
from uxnet_compiler.runs.events import EventLog, read_events


def scalars(folder: Path) -> list[tuple[int, float]]:
    """Read the losses as TensorBoard does; there is nothing else."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder / "tb"))
    board.Reload()
    assert board.Tags()["scalars"] == ["train/loss"]
    return [(event.step, event.value) for event in board.Scalars("train/loss")]


def test_events_are_read_back_as_emitted(tmp_path: Path) -> None:
    with EventLog(tmp_path) as log:
        log.emit("train", 1, loss=0.5, lr=0.1)
        log.emit("gates", 2, values=[0.1, 0.2], best={"0_0": "conv3"})

    assert read_events(tmp_path / "events.jsonl") == [
        {"kind": "train", "step": 1, "loss": 0.5, "lr": 0.1},
        {"kind": "gates", "step": 2, "values": [0.1, 0.2], "best": {"0_0": "conv3"}},
    ]


def test_numbers_that_json_cannot_say_become_null(tmp_path: Path) -> None:
    with EventLog(tmp_path) as log:
        log.emit("validate", 1, dice=float("nan"), each=[float("inf"), 1.0])

    assert read_events(tmp_path / "events.jsonl") == [
        {"kind": "validate", "step": 1, "dice": None, "each": [None, 1.0]}
    ]


def test_events_after_the_step_to_resume_from_are_removed(tmp_path: Path) -> None:
    with EventLog(tmp_path) as log:
        for step in range(1, 6):
            log.emit("train", step, loss=float(step))

    with EventLog(tmp_path, resume_step=3) as log:
        log.emit("train", 4, loss=0.0)

    found = [(event["step"], event["loss"]) for event in read_events(tmp_path / "events.jsonl")]
    assert found == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 0.0)]


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind": "train", "step": 1}\n{"kind": "tra')

    assert read_events(path) == [{"kind": "train", "step": 1}]


def test_a_damaged_line_in_the_middle_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('nonsense\n{"kind": "train", "step": 1}\n')

    with pytest.raises(RunError, match="line 1 is not an event"):
        read_events(path)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(RunError, match="is not UTF-8 text"):
        read_events(path)


def test_a_full_disk_is_told_once_with_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Board.close

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self: Board) -> None:  # what is buffered cannot be written at the end either
        real(self)
        full()

    monkeypatch.setattr(Board, "add", full)
    monkeypatch.setattr(Board, "close", close)

    message = f"^{re.escape(str(tmp_path))}: the diary cannot be written: No space"
    with pytest.raises(RunError, match=message), EventLog(tmp_path) as log:
        log.emit("train", 1, loss=0.5)


def test_what_is_given_to_tensorboard_tells_of_no_time_and_no_machine(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with EventLog(tmp_path / name) as log:
            log.emit("train", 1, loss=0.5)

    first, second = (sorted((tmp_path / name / "tb").iterdir()) for name in ("first", "second"))
    assert [path.name for path in first] == [path.name for path in second] == [BOARD_FILE]
    assert first[0].read_bytes() == second[0].read_bytes()


def test_tensorboard_forgets_what_comes_after_the_step_to_resume_from(tmp_path: Path) -> None:
    with EventLog(tmp_path) as log:
        for step in (1, 2, 3):
            log.emit("train", step, loss=float(step))

    with EventLog(tmp_path, resume_step=2) as log:
        log.emit("train", 3, loss=0.5)

    assert scalars(tmp_path) == [(1, 1.0), (2, 2.0), (3, 0.5)]


def test_numbers_are_tensorboard_scalars(tmp_path: Path) -> None:
    with EventLog(tmp_path) as log:
        log.emit("train", 7, loss=0.25, note="text")

    assert scalars(tmp_path) == [(7, 0.25)]
