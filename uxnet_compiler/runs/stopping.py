"""Stop a long job cleanly: on Ctrl-C, on a termination signal, or when its time is over."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopper:
    """Answer between two steps whether the job should stop.

    The first signal only sets `requested`, so that the job can save its state; the second one
    raises KeyboardInterrupt at once. Outside the main thread, where Python allows no signal
    handlers, only the deadline works.

    Args:
        minutes: Time the job may take, or None.
        elapsed_s: Seconds that an earlier part of the same job has already taken.
    """

    def __init__(self, minutes: float | None = None, *, elapsed_s: float = 0.0) -> None:
        self.requested = False
        self._limit_s = None if minutes is None else minutes * 60
        self._start = time.monotonic() - elapsed_s
        self._previous: dict[signal.Signals, Any] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds of work so far, earlier parts of the job included."""
        return time.monotonic() - self._start

    @property
    def fraction(self) -> float:
        """Part of the time that is used up, at most 1; 0 when there is no deadline."""
        if self._limit_s is None:
            return 0.0
        return min(1.0, self.elapsed_s / self._limit_s)

    def should_stop(self) -> bool:
        """Tell whether a stop was requested or the time is over."""
        return self.requested or self.fraction >= 1.0

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
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
