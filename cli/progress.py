"""Show how far a long job is: a bar on a terminal, plain lines anywhere else; always on stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from uxnet_compiler.machine.launch import place
from uxnet_compiler.runs.observer import Observer

LINE_EVERY_S = 15.0


class Display(Observer):
    """Listen to a job and show it; use it as a context manager around the job."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, quiet=not place().is_first)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._phase = ""
        self._told_s = 0.0
        self._start_s = self._start = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[values]}"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def phase(self, name: str, done: float = 0.0) -> None:
        """Begin a new bar, or say in one line what begins."""
        self._phase, self._start = name, done
        self._start_s = self._told_s = time.monotonic()
        if self._bar is not None:
            begun: Any = done  # rich takes parts, though its types say otherwise
            self._task = self._bar.add_task(name, total=1.0, completed=begun, values="")
        else:
            self._console.print(name, highlight=False)

    def note(self, text: str) -> None:
        """Print the line, above the bar where there is one."""
        console = self._console if self._bar is None else self._bar.console
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    def tick(self, done: float, **values: float) -> None:
        """Move the bar, or print a line when the last one is some seconds old."""
        text = "  ".join(f"{name} {_number(value)}" for name, value in values.items())
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, values=text)
            return
        now = time.monotonic()
        if now - self._told_s < LINE_EVERY_S:
            return
        self._told_s = now
        made = done - self._start
        ending = f"  {_duration((now - self._start_s) * (1 - done) / made)} left" if made else ""
        self._console.print(
            f"{self._phase} {done:.0%}  {text}{ending}",
            highlight=False,
            soft_wrap=True,
        )


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.4f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
