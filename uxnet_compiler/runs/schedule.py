"""How many steps a job makes: decided before the first one, so that time decides nothing after.

Learning rates, warm-up and ramps follow the part of the steps that is made. Were it the part of
the minutes that is over, every run would end elsewhere. So minutes are turned into steps once, from
the time that a few steps take, and the number is kept with the run. A machine that turns slower
makes the job longer, never another one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from statistics import median
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from uxnet_compiler.wording import counted

TRIAL = 0.02  # part of the minutes that timing each kind of step may take, beyond two steps
MOST_TIMED = 10
LATE = 1.25  # how much longer than asked a job takes before that is said


@dataclass(frozen=True)
class Kind:
    """Steps that take alike: their share of all steps, and a progress (0 to 1) among them."""

    share: float
    progress: float


class Schedule(BaseModel):
    """The end of a job, as it is kept in the run folder.

    Attributes:
        steps: Steps that the job makes, all parts of it together.
        minutes: Time that was asked for, if any.
        step_s: Mean seconds of a step as timed at the start, if it had to be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: Annotated[int, Field(ge=1)]
    minutes: float | None = None
    step_s: float | None = None

    @classmethod
    def within(cls, steps: int | None, minutes: float, spent_s: float, step_s: float) -> Self:
        """Plan as many steps as the rest of the minutes allows, `steps` at most."""
        fitting = max(1, int((minutes * 60 - spent_s) / max(step_s, 1e-9)))
        return cls(
            steps=fitting if steps is None else min(steps, fitting),
            minutes=minutes,
            step_s=round(step_s, 6),
        )

    def minutes_for(self, steps: int, spent_s: float) -> int:
        """Return the whole minutes in which `within` would plan so many of these steps."""
        return math.ceil((spent_s + steps * (self.step_s or 0.0)) / 60)

    def describe(self) -> str:
        """Tell the plan in one line."""
        steps = counted(self.steps, "step")
        if self.minutes is None or self.step_s is None:
            return steps
        return f"planned for {self.minutes:g} minutes: {steps} of {self.step_s:.3g} s"

    def excuse(self) -> str:
        """Tell why a late job goes on."""
        return (
            f"this takes longer than the {self.minutes:g} minutes asked for, since steps take"
            f" longer than when they were timed; all {self.steps} are made, so that the result"
            " does not depend on the clock"
        )

    def is_late(self, elapsed_s: float) -> bool:
        """Tell whether the job has taken much longer than asked."""
        return self.minutes is not None and elapsed_s > LATE * self.minutes * 60


def mean_step_s(
    kinds: Sequence[Kind],
    step: Callable[[float], object],
    minutes: float,
    agree: Callable[[bool], bool],
) -> float:
    """Time steps of each kind and return what a step takes on the whole.

    The first step of a kind is not counted: it makes kernels and takes memory.

    Args:
        kinds: Shares that add up to 1; those of 0 are left out.
        step: Makes a step at a progress.
        minutes: Length of the job; timing takes a small part of it where steps allow.
        agree: Makes the processes of a job time the same number of steps.
    """
    mean = 0.0
    for kind in kinds:
        if kind.share <= 0:
            continue
        step(kind.progress)
        end = time.monotonic() + TRIAL * minutes * 60
        times: list[float] = []
        while not times or agree(len(times) < MOST_TIMED and time.monotonic() < end):
            start = time.monotonic()
            step(kind.progress)
            times.append(time.monotonic() - start)
        mean += kind.share * median(times)
    return mean


@contextmanager
def on_trial(
    state: Callable[[], dict[str, Any]], restore: Callable[[dict[str, Any]], None]
) -> Iterator[None]:
    """Let steps be made that leave no trace.

    Args:
        state: Returns all that the next step depends on, random states included.
        restore: Puts it back.
    """
    before = deepcopy(state())
    yield
    restore(before)
