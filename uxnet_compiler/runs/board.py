"""The numbers of a diary for TensorBoard: a function of the diary alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

BOARD_FILE = "events.out.tfevents.0"  # TensorBoard reads what has `tfevents` in its name


class Board:
    """Write scalars to a new file of TensorBoard.

    torch's `SummaryWriter` names its files after the host, the time and the process, notes the time
    of each number, and writes in a thread of its own, which prints a traceback when the disk is
    full. Here nothing tells of the machine, and an error is the caller's.

    Args:
        folder: Made if need be; what lies in it is replaced.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / BOARD_FILE).open("wb")
        self._records = RecordWriter(self._file)
        self._write(Event(file_version="brain.Event:2"))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the numbers of a step by their names.

        Raises:
            OSError: They cannot be written.
        """
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        if values:
            self._write(Event(step=step, summary=Summary(value=values)))

    def flush(self) -> None:
        """Let others see what was written.

        Raises:
            OSError: It cannot be written.
        """
        self._file.flush()

    def close(self) -> None:
        """Write what is buffered.

        Raises:
            OSError: It cannot be written.
        """
        self._file.close()

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())
