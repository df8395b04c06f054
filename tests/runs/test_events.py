from __future__ import annotations

from pathlib import Path

import pytest

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.events import EventLog, read_events


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


def test_numbers_are_tensorboard_scalars(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]  # ships no types
        EventAccumulator,
    )

    with EventLog(tmp_path) as log:
        log.emit("train", 7, loss=0.25, note="text")

    board = EventAccumulator(str(tmp_path / "tb"))
    board.Reload()
    assert board.Tags()["scalars"] == ["train/loss"]
    assert [(event.step, event.value) for event in board.Scalars("train/loss")] == [(7, 0.25)]
