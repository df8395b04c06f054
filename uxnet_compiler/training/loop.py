"""Make the steps of a training: one state that can be saved, restored and stopped."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import torch

from uxnet_compiler.backends.safetensors import write_weights
from uxnet_compiler.data.cases import LoadedCase
from uxnet_compiler.data.patches import Feed, PatchBatches
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.launch import place
from uxnet_compiler.machine.layout import channels_last
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.machine.prepare import prepare
from uxnet_compiler.machine.processes import (
    any_of_all,
    average_gradients,
    from_first,
    mean_of_all,
)
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runs.checkpoint import save_checkpoint
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.random_state import random_state, restore_random_state
from uxnet_compiler.runs.schedule import Kind, Schedule, mean_step_s, on_trial
from uxnet_compiler.runs.stopping import Stopper
from uxnet_compiler.runtimes import on_torch
from uxnet_compiler.schema import Genotype
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.inference import Segmenter
from uxnet_compiler.training.loss import SegmentationLoss
from uxnet_compiler.training.optimisation import Average, learning_rate, make_optimiser
from uxnet_compiler.training.task import Task
from uxnet_compiler.training.validation import held_out_dice

SAVE_EVERY_S = 300.0


@dataclass(frozen=True)
class Job:
    """What is to be trained, on what, and how; `digest` tells the data's bytes from others."""

    folder: RunFolder
    genotype: Genotype
    plan: Plan
    task: Task
    config: TrainConfig
    device: torch.device
    precision: Precision
    digest: str


class Loop:
    """Train a network from batches of patches.

    The same job with the same number of steps ends with the same weights, however often it is
    stopped, or killed, and resumed on the way.

    Attributes:
        network: The network being trained; fresh until `restore`.
        average: The running average of its weights, which is the result.
        step: Steps made.
        elapsed_s: Seconds of training, timing the first steps included.
        schedule: How many steps there are; made by `plan`, or restored.
        dice: Held-out Dice by label, as last seen; empty before.
    """

    def __init__(self, job: Job, cases: list[LoadedCase], held_out: list[LoadedCase]) -> None:
        self.step = 0
        self.elapsed_s = 0.0
        self.dice: dict[str, float] = {}
        self.schedule = Schedule(steps=job.config.steps or 1)
        self._looks = 0
        self._job = job
        self._held_out = held_out
        config, device, dims = job.config, job.device, job.plan.spatial_dims
        self.network: torch.nn.Module = job.genotype.compile(
            seed=config.seed, deep_supervision=config.deep_supervision
        )
        prepare(self.network, dims, is_last=job.precision.channels_last)
        self._fabric = make_fabric(device, job.precision)
        self._model, self._optimiser = self._fabric.setup(
            self.network, make_optimiser(self.network, config)
        )
        self._loss = SegmentationLoss()
        self.average = Average(self.network, config.average)
        self._shown = job.genotype.compile()
        runtime = on_torch(self._shown, dims, device, job.precision)
        self._segmenter = Segmenter(runtime, job.plan, device)
        here = place()
        self._batches = PatchBatches(
            cases,
            job.plan,
            batch_size=config.batch_size,
            augment=config.augment,
            mirror=config.mirror,
            seed=config.seed,
            feed=Feed.of(device, processes=here.local_count),
            part=here.rank,
            parts=here.count,
        )

    @property
    def waited_s(self) -> float:
        """Seconds of training in which the network waited for patches."""
        return self._batches.waited_s

    def restart_average(self) -> None:
        """Let the average begin with the network's present weights."""
        self.average = Average(self.network, self._job.config.average)

    def plan(self) -> None:
        """Decide how many steps there are; with minutes, by timing some on trial."""
        config = self._job.config
        if config.minutes is None:
            return
        clock = Stopper()
        with on_trial(self.state, self.restore):
            step_s = mean_step_s((Kind(1.0, 0.0),), self._make_step, config.minutes, from_first)
            start_s = clock.elapsed_s
            self._look()
            looking_s = config.validations * (clock.elapsed_s - start_s)
        self.elapsed_s = clock.elapsed_s
        self.schedule = from_first(
            Schedule.within(config.steps, config.minutes, self.elapsed_s + looking_s, step_s)
        )

    def run(self, observer: Observer, *, resumed: bool) -> bool:
        """Make steps until all are made or a stop is requested.

        Args:
            observer: Hears of every step.
            resumed: Whether `restore` was called: then events are appended.

        Returns:
            Whether all are made.

        Raises:
            RunError: The loss or the gradient is not a finite number.
        """
        config, folder, steps = self._job.config, self._job.folder, self.schedule.steps
        warm = math.ceil(config.warmup * steps)
        mute = not place().is_first
        with (
            EventLog(folder.path, resume_step=self.step if resumed else None, mute=mute) as log,
            Stopper(elapsed_s=self.elapsed_s) as stopper,
        ):
            saved_s = stopper.elapsed_s
            while self.step < steps and not any_of_all(stopper.requested):
                made = self._make_step(self.step / steps)
                self.step += 1
                log.emit("train", self.step, **made)
                due = self.step * config.validations // steps > self._looks
                if due:
                    self._looks = self.step * config.validations // steps
                    self._validate(log)
                seen = {"dice": fmean(self.dice.values())} if self.dice else {}
                observer.tick(self.step / steps, step=self.step, loss=made["loss"], **seen)
                late = self.schedule.is_late(self.elapsed_s)
                self.elapsed_s = stopper.elapsed_s
                if self.schedule.is_late(self.elapsed_s) and not late:
                    observer.note(self.schedule.excuse())
                if due or self.step == warm or self.elapsed_s - saved_s > SAVE_EVERY_S:
                    self.save(log)
                    saved_s = self.elapsed_s
            self.elapsed_s = stopper.elapsed_s
            self.save(log)
            return self.step >= steps

    def save(self, log: EventLog) -> None:
        """Write the weights and the checkpoint: the run can be used from now on."""
        log.settle()
        if place().is_first:
            write_weights(
                self.average.weights,
                self._job.folder.weights_path,
                genotype_id=self._job.genotype.id,
            )
            self.save_checkpoint()

    def save_checkpoint(self) -> None:
        """Write what `restore` needs."""
        save_checkpoint(self._job.folder.checkpoint_path, self.state())

    def state(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as plain data."""
        return {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "schedule": self.schedule.model_dump(),
            "processes": place().count,
            "data": self._job.digest,
            "looks": self._looks,
            "dice": self.dice,
            "precision": asdict(self._job.precision),
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "average": self.average.state(),
            "batches": self._batches.state(),
            "random": random_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.step = state["step"]
        self.elapsed_s = state["elapsed_s"]
        self.schedule = Schedule(**state["schedule"])
        self._looks = state["looks"]
        self.dice = state["dice"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.average.restore(state["average"])
        self._batches.restore(state["batches"])
        restore_random_state(state["random"])

    def _make_step(self, progress: float) -> dict[str, float]:
        where = f"{self._job.folder.path}: step {self.step + 1}"
        with memory_errors(where, "a smaller --batch-size or --memory may help"):
            return self._compute_step(progress)

    def _compute_step(self, progress: float) -> dict[str, float]:
        image, label = self._fabric.to_device(next(self._batches))
        if self._job.precision.channels_last:
            image = channels_last(image, self._job.plan.spatial_dims)
        rate = learning_rate(self._job.config, progress)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad()
        loss: torch.Tensor = self._loss(self._model(image), label)
        self._fabric.backward(loss)
        average_gradients(self.network.parameters())
        norm = self._fabric.clip_gradients(
            self._model, self._optimiser, max_norm=self._job.config.clip, error_if_nonfinite=False
        )
        assert norm is not None
        told = mean_of_all(loss.item())
        self._check_finite(loss=told, gradient=norm.item())
        self._optimiser.step()
        self.average.update(self.network)
        return {"loss": told, "lr": rate, "gradient": norm.item()}

    def _check_finite(self, **values: float) -> None:
        for name, value in values.items():
            if not math.isfinite(value):
                good = self._job.folder.checkpoint_path
                way = (
                    f"{good.name} holds the last good state: --resume goes on from it, with"
                    if good.exists()
                    else "start again with"
                )
                raise RunError(
                    f"{self._job.folder.path}: step {self.step + 1}: the {name} is {value}; {way}"
                    f" a lower --lr than {self._job.config.highest_lr:g}"
                    + (" or --precision float32" * (self._job.precision.dtype != "float32"))
                )

    def _validate(self, log: EventLog) -> None:
        self._look()
        if not self.dice:
            return
        by_label = {f"dice_{name}": value for name, value in self.dice.items()}
        log.emit("validate", self.step, dice=fmean(self.dice.values()), **by_label)

    def _look(self) -> None:
        """Measure the held-out Dice; every process does, since the others would only wait."""
        if self._held_out:
            self._shown.load_state_dict(self.average.weights)
            self.dice = held_out_dice(self._segmenter, self._held_out, self._job.task)
