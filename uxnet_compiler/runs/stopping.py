"""Stop a long job cleanly: on Ctrl-C or on a termination signal."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ECHO_S = 2.0
"""Launchers pass a signal on that the terminal has already given to all processes of a group."""


class Stopper:
    """Answer between two steps whether the job should stop.

    The first signal only sets `requested`, so that the job can save its state; one that comes
    later than its echo raises KeyboardInterrupt at once. Outside the main thread, where Python
    allows no signal handlers, nothing is requested.

    Args:
        elapsed_s: Seconds that an earlier part of the same job has already taken.
    """

    def __init__(self, *, elapsed_s: float = 0.0) -> None:
        self.requested = False
        self._start = time.monotonic() - elapsed_s
        self._requested_at = 0.0
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds of work so far, earlier parts of the job included."""
        return time.monotonic() - self._start

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous = {name: signal.signal(name, self._handle) for name in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, handler in self._previous.items():
            signal.signal(name, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (signal's form)
        if not self.requested:
            self.requested = True
            self._requested_at = time.monotonic()
        elif time.monotonic() - self._requested_at > ECHO_S:
            raise KeyboardInterrupt
