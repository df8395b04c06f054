"""Make the steps of a search, tell about them, and keep a checkpoint."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from uxnet_compiler.data.patches import PatchBatches
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.runs.checkpoint import save_checkpoint
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.stopping import Stopper
from uxnet_compiler.search.strategies import Step, Strategy
from uxnet_compiler.search.task import Task

SAVE_EVERY_S = 60.0
GATES_EVERY = 10  # steps between two records of all gates and preferences


class Loop:
    """Make the steps of a search: one state that can be saved, restored and stopped."""

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

    def run(self, observer: Observer, *, resumed: bool) -> bool:
        """Make steps until the budget is used up or a stop is requested; say which."""
        config = self.task.config
        with (
            EventLog(self.folder.path, resume_step=self.step if resumed else None) as log,
            Stopper(config.minutes, elapsed_s=self.elapsed_s) as stopper,
        ):
            saved = time.monotonic()
            while self._used(stopper) < 1 and not stopper.requested:
                where = f"{self.folder.path}: step {self.step + 1}"
                try:
                    with memory_errors(where, "a smaller --batch-size or --memory may help"):
                        made = self.strategy.step(self.train, self.held_out, self._used(stopper))
                except FloatingPointError as error:
                    raise RunError(f"{where}: {error}") from None
                self.step += 1
                self.elapsed_s = stopper.elapsed_s
                self._tell(made, log, observer, self._used(stopper))
                if time.monotonic() - saved > SAVE_EVERY_S:
                    self.save()
                    saved = time.monotonic()
            self.elapsed_s = stopper.elapsed_s
            self.save()
            return self._used(stopper) >= 1

    def _tell(self, made: Step, log: EventLog, observer: Observer, used: float) -> None:
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
        observer.tick(used, step=self.step, loss=made.loss, edges=kept, **seen)

    def _used(self, stopper: Stopper) -> float:
        """Return the part of the budget that is used up: of the steps or the time, the larger."""
        steps = self.task.config.steps
        return max(self.step / steps if steps else 0.0, stopper.fraction)

    def save(self) -> None:
        """Write everything that the next step depends on."""
        save_checkpoint(
            self.folder.checkpoint_path,
            {
                "step": self.step,
                "elapsed_s": self.elapsed_s,
                "precision": asdict(self.task.precision),
                "strategy": self.strategy.state(),
                "train": self.train.state(),
                "held_out": self.held_out.state(),
            },
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` wrote."""
        self.step = state["step"]
        self.elapsed_s = state["elapsed_s"]
        self.strategy.restore(state["strategy"])
        self.train.restore(state["train"])
        self.held_out.restore(state["held_out"])
