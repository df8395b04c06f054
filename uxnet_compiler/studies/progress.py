"""How far a study is, when its steps take unlike times and several run at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

MOST = 0.99  # of what was expected of a step counts while it runs, however long that takes


class Progress:
    """The part of a study's time that is behind, by what each of its steps is expected to take.

    Args:
        names: Of the steps that are to be done.
        hours: That each of them is expected to take; where none is known, all count alike.
        now: Seconds on a clock that only goes forward.
    """

    def __init__(
        self,
        names: Sequence[str],
        hours: Mapping[str, float],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        known = {name: hours.get(name, 0.0) * 3600 for name in names}
        self._is_told = any(known.values())
        self._seconds = known if self._is_told else dict.fromkeys(names, 1.0)
        self._total = sum(self._seconds.values())
        self._started: dict[str, float] = {}
        self._ended: set[str] = set()

    def start(self, name: str) -> None:
        """Hear that a step begins."""
        self._started[name] = self._now()

    def end(self, name: str) -> None:
        """Hear that a step ended, however it did."""
        self._ended.add(name)

    @property
    def done(self) -> float:
        """The part that is done, 0 to 1."""
        return sum(self._behind(name) for name in self._started) / self._total

    def _behind(self, name: str) -> float:
        expected = self._seconds[name]
        if name in self._ended:
            return expected
        if not self._is_told:
            return 0.0
        return min(self._now() - self._started[name], MOST * expected)
