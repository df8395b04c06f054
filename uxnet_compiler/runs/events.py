"""The diary of a run: one JSON object a line, and the same numbers as TensorBoard scalars."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from uxnet_compiler.errors import RunError
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.board import Board

Value = bool | int | float | str | None | list["Value"] | dict[str, "Value"]
Event = dict[str, Value]


class EventLog:
    """Append what happens to `events.jsonl` and, for TensorBoard, to `tb/`.

    Neither holds dates, so two runs of the same job can be compared line by line. A crash can cut
    the last line at most.

    Args:
        folder: Folder of the run.
        resume_step: Continue after this step: later events are removed first. None: a new diary.
        mute: Write nothing: another process of the same job does.

    Raises:
        RunError: The folder cannot be written.
    """

    def __init__(self, folder: Path, *, resume_step: int | None = None, mute: bool = False) -> None:
        self._mute = mute
        if mute:
            return
        self._folder = folder
        path = folder / "events.jsonl"
        kept = [
            event
            for event in (read_events(path) if resume_step is not None else [])
            if isinstance(event["step"], int) and event["step"] <= (resume_step or 0)
        ]
        write_text(path, "".join(_line(event) for event in kept))
        with _writing(folder):
            self._file = path.open("a", encoding="utf-8", newline="\n")
            self._board = Board(folder / "tb")
            for event in kept:
                self._show(event)

    def emit(self, kind: str, step: int, **values: Value) -> None:
        """Write one event; numbers become scalars `<kind>/<key>` in TensorBoard.

        A number that is not finite is written as null, since JSON has no name for it.
        """
        if self._mute:
            return
        event: Event = {"kind": kind, "step": step, **values}
        with _writing(self._folder):
            self._file.write(_line(event))
            self._file.flush()
            self._show(event)
            self._board.flush()

    def settle(self) -> None:
        """Wait until all events so far are on the disk, as a checkpoint that follows them must."""
        if not self._mute:
            with _writing(self._folder):
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write what is buffered and close both."""
        if not self._mute:
            with _writing(self._folder):
                try:
                    self._file.close()
                finally:
                    self._board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except RunError:
            if error is None:
                raise  # else the first error says more

    def _show(self, event: Event) -> None:
        """Give the numbers of an event to TensorBoard, as `<kind>/<key>`."""
        kind, step = event["kind"], event["step"]
        assert isinstance(step, int)
        numbers = {
            f"{kind}/{key}": float(value)
            for key, value in event.items()
            if key != "step" and isinstance(value, int | float) and not isinstance(value, bool)
        }
        self._board.add(step, numbers)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise RunError(f"{folder}: the diary cannot be written: {reason}") from None


def read_events(path: Path) -> list[Event]:
    """Read a diary; a last line that a crash cut off is left out.

    Raises:
        RunError: A line before the last is not an event, or the file is no text.
    """
    return list(_events(path)) if path.is_file() else []


def last_step(events: Iterable[Event]) -> int:
    """Return the last step that a diary tells of; 0 when it tells of none."""
    return max((step for event in events if isinstance(step := event["step"], int)), default=0)


def _events(path: Path) -> Iterator[Event]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise RunError(f"{path}: is not UTF-8 text") from None
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "kind" in event and "step" in event:
            yield event
        elif number < len(lines):
            raise RunError(f"{path}: line {number} is not an event")


def _line(event: Event) -> str:
    return json.dumps(_finite(event), allow_nan=False) + "\n"


def _finite(value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value
