"""Make the steps of a search, tell about them, and keep a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from uxnet_compiler.data.patches import PatchBatches
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.launch import place
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.machine.processes import any_of_all, from_first
from uxnet_compiler.runs.checkpoint import save_checkpoint
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.random_state import random_state, restore_random_state
from uxnet_compiler.runs.schedule import Kind, Schedule, mean_step_s, on_trial
from uxnet_compiler.runs.stopping import Stopper
from uxnet_compiler.search.strategies import Step, Strategy
from uxnet_compiler.search.task import Task

SAVE_EVERY_S = 60.0
GATES_EVERY = 10  # steps between two records of all gates and preferences


class Loop:
    """Make the steps of a search: one state that can be saved, restored and stopped.

    Killed at any moment and resumed from the last checkpoint, it goes on to the same end: what
    a step does depends on the saved state alone, never on the clock.

    Attributes:
        step: Steps made.
        elapsed_s: Seconds of searching, timing the first steps included.
        schedule: How many steps there are; made by `plan`, or restored.
    """

    def __init__(
        self,
        task: Task,
        folder: RunFolder,
        strategy: Strategy,
        train: PatchBatches,
        held_out: PatchBatches,
    ) -> None:
        self.task = task
        self.folder = folder
        self.strategy = strategy
        self.train = train
        self.held_out = held_out
        self.step = 0
        self.elapsed_s = 0.0
        self.schedule = Schedule(steps=task.config.steps or 1)

    def waiting(self, more_s: float = 0.0) -> float:
        """Return the share of the time in which patches were waited for.

        Args:
            more_s: Seconds after the last step.
        """
        waited_s = self.train.waited_s + self.held_out.waited_s
        return round(min(1.0, waited_s / (self.elapsed_s + more_s)), 4)

    def plan(self, reserved_s: float = 0.0, extra_s: float = 0.0) -> None:
        """Decide how many steps the search makes; with minutes, by timing some on trial.

        Args:
            reserved_s: Seconds of the minutes that something else will take at the end.
            extra_s: And for each of the steps.
        """
        config = self.task.config
        if config.minutes is None:
            return
        clock = Stopper()
        kinds = (
            Kind(config.warmup, 0.0),
            Kind(1 - config.warmup, (1 + config.warmup) / 2),
        )
        with on_trial(self.state, self.restore):
            step_s = mean_step_s(kinds, self._make_step, config.minutes, from_first)
        self.elapsed_s = clock.elapsed_s
        self.schedule = from_first(
            Schedule.within(
                config.steps, config.minutes, self.elapsed_s + reserved_s, step_s + extra_s
            )
        )

    def run(self, observer: Observer, stopper: Stopper, *, resumed: bool) -> bool:
        """Make steps until all are made or a stop is requested; say which."""
        warm = math.ceil(self.task.config.warmup * self.schedule.steps)
        mute = not place().is_first
        at = self.step if resumed else None
        with EventLog(self.folder.path, resume_step=at, mute=mute) as log:
            saved_s = stopper.elapsed_s
            while self.step < self.schedule.steps and not any_of_all(stopper.requested):
                made = self._make_step(self.step / self.schedule.steps)
                self.step += 1
                late = self.schedule.is_late(self.elapsed_s)
                self.elapsed_s = stopper.elapsed_s
                self._tell(made, log, observer)
                if self.schedule.is_late(self.elapsed_s) and not late:
                    observer.note(self.schedule.excuse())
                if self.step == warm or self.elapsed_s - saved_s > SAVE_EVERY_S:
                    self.save(log)
                    saved_s = self.elapsed_s
            self.elapsed_s = stopper.elapsed_s
            self.save(log)
            return self.step >= self.schedule.steps

    def _make_step(self, progress: float) -> Step:
        with self.errors(f"step {self.step + 1}"):
            return self.strategy.step(self.train, self.held_out, progress)

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Say what failed in a block, and how to go on.

        Args:
            what: The search was doing.

        Raises:
            RunError: Memory ran out, or a number is not finite.
        """
        where = f"{self.folder.path}: {what}"
        try:
            with memory_errors(where, "a smaller --batch-size or --memory may help"):
                yield
        except FloatingPointError as error:
            raise RunError(f"{where}: {error}; {self._way_on()}") from None

    def _way_on(self) -> str:
        remedy = f"a lower --weight-lr than {self.task.config.weight_lr:g}"
        if self.task.precision.dtype != "float32":
            remedy = f"--precision float32, or {remedy}"
        good = self.folder.checkpoint_path
        if not good.exists():
            return f"start again with {remedy}"
        return f"{good.name} holds the last good state: --resume goes on from it, with {remedy}"

    def _tell(self, made: Step, log: EventLog, observer: Observer) -> None:
        log.emit(
            "search",
            self.step,
            loss=made.loss,
            architecture_loss=made.architecture_loss,
            dice=made.dice,
        )
        evidence = self.strategy.evidence()
        kept = sum(gate >= self.task.config.tau for gate in evidence.gates.values())
        if self.step % GATES_EVERY == 0:
            log.emit("gates", self.step, edges=kept, evidence=evidence.model_dump(mode="json"))
        seen = {} if made.dice is None else {"dice": made.dice}
        done = self.step / self.schedule.steps
        observer.tick(done, step=self.step, loss=made.loss, edges=kept, **seen)

    def save(self, log: EventLog | None = None) -> None:
        """Write everything that the next step depends on, after the diary up to here."""
        if log is not None:
            log.settle()
        if place().is_first:
            save_checkpoint(self.folder.checkpoint_path, self.state())

    def state(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as plain data."""
        return {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "schedule": self.schedule.model_dump(),
            "processes": place().count,
            "data": self.task.digest,
            "precision": asdict(self.task.precision),
            "strategy": self.strategy.state(),
            "train": self.train.state(),
            "held_out": self.held_out.state(),
            "random": random_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.step = state["step"]
        self.elapsed_s = state["elapsed_s"]
        self.schedule = Schedule(**state["schedule"])
        self.strategy.restore(state["strategy"])
        self.train.restore(state["train"])
        self.held_out.restore(state["held_out"])
        restore_random_state(state["random"])
