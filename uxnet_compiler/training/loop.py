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
from uxnet_compiler.machine.guard import guard
from uxnet_compiler.machine.layout import channels_last, channels_last_
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.machine.selftest import Precision
from uxnet_compiler.runs.checkpoint import save_checkpoint
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
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
    """What is to be trained, on what, and how."""

    folder: RunFolder
    genotype: Genotype
    plan: Plan
    task: Task
    config: TrainConfig
    device: torch.device
    precision: Precision


class Loop:
    """Train a network from batches of patches.

    The same job with the same number of steps ends with the same weights, however often it is
    stopped and resumed on the way.

    Attributes:
        network: The network being trained; fresh until `restore`.
        average: The running average of its weights, which is the result.
        step: Steps made.
        elapsed_s: Seconds of training.
        dice: Held-out Dice by label, as last seen; empty before.
    """

    def __init__(self, job: Job, cases: list[LoadedCase], held_out: list[LoadedCase]) -> None:
        self.step = 0
        self.elapsed_s = 0.0
        self.dice: dict[str, float] = {}
        self._looks = 0
        self._job = job
        self._held_out = held_out
        config, device, dims = job.config, job.device, job.plan.spatial_dims
        self.network: torch.nn.Module = job.genotype.compile(
            seed=config.seed, deep_supervision=config.deep_supervision
        )
        if job.precision.channels_last:
            channels_last_(self.network, dims)
        guard(self.network)
        self._fabric = make_fabric(device, job.precision)
        self._model, self._optimiser = self._fabric.setup(
            self.network, make_optimiser(self.network, config)
        )
        self._loss = SegmentationLoss()
        self.average = Average(self.network, config.average)
        self._shown = job.genotype.compile()
        runtime = on_torch(self._shown, dims, device, job.precision)
        self._segmenter = Segmenter(runtime, job.plan, device)
        self._batches = PatchBatches(
            cases,
            job.plan,
            batch_size=config.batch_size,
            augment=config.augment,
            mirror=config.mirror,
            seed=config.seed,
            feed=Feed.of(device),
        )

    def restart_average(self) -> None:
        """Let the average begin with the network's present weights."""
        self.average = Average(self.network, self._job.config.average)

    def run(self, observer: Observer, *, resumed: bool) -> bool:
        """Make steps until the budget is used up or a stop is requested.

        Args:
            observer: Hears of every step.
            resumed: Whether `restore` was called: then events are appended.

        Returns:
            Whether the budget is used up.

        Raises:
            RunError: The loss or the gradient is not a finite number.
        """
        config, folder = self._job.config, self._job.folder
        with (
            EventLog(folder.path, resume_step=self.step if resumed else None) as log,
            Stopper(config.minutes, elapsed_s=self.elapsed_s) as stopper,
        ):
            saved_s = stopper.elapsed_s
            while self._used(stopper) < 1 and not stopper.requested:
                with memory_errors(
                    f"{folder.path}: step {self.step + 1}",
                    "a smaller --batch-size or --memory may help",
                ):
                    loss = self._make_step(self._used(stopper), log)
                used = self._used(stopper)
                looks = math.floor(used * config.validations)
                due = looks > self._looks
                if due:
                    self._looks = looks
                    self._validate(log)
                seen = {"dice": fmean(self.dice.values())} if self.dice else {}
                observer.tick(used, step=self.step, loss=loss, **seen)
                self.elapsed_s = stopper.elapsed_s
                if due or self.elapsed_s - saved_s > SAVE_EVERY_S:
                    self.save()
                    saved_s = self.elapsed_s
            self.elapsed_s = stopper.elapsed_s
            self.save()
            return self._used(stopper) >= 1

    def save(self) -> None:
        """Write the weights and the checkpoint: the run can be used from now on."""
        write_weights(
            self.average.weights,
            self._job.folder.weights_path,
            genotype_id=self._job.genotype.id,
        )
        self.save_checkpoint()

    def save_checkpoint(self) -> None:
        """Write what `restore` needs."""
        save_checkpoint(
            self._job.folder.checkpoint_path,
            {
                "step": self.step,
                "elapsed_s": self.elapsed_s,
                "looks": self._looks,
                "dice": self.dice,
                "precision": asdict(self._job.precision),
                "network": self.network.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "average": self.average.state(),
                "batches": self._batches.state(),
            },
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save_checkpoint` wrote."""
        self.step = state["step"]
        self.elapsed_s = state["elapsed_s"]
        self._looks = state["looks"]
        self.dice = state["dice"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.average.restore(state["average"])
        self._batches.restore(state["batches"])

    def _used(self, stopper: Stopper) -> float:
        """Return the part of the budget that is used up: of the steps or the time, the larger."""
        steps = self._job.config.steps
        return max(self.step / steps if steps else 0.0, stopper.fraction)

    def _make_step(self, used: float, log: EventLog) -> float:
        image, label = self._fabric.to_device(next(self._batches))
        if self._job.precision.channels_last:
            image = channels_last(image, self._job.plan.spatial_dims)
        rate = learning_rate(self._job.config, used)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad()
        loss: torch.Tensor = self._loss(self._model(image), label)
        self._fabric.backward(loss)
        norm = self._fabric.clip_gradients(
            self._model, self._optimiser, max_norm=self._job.config.clip, error_if_nonfinite=False
        )
        assert norm is not None
        self._check_finite(loss=loss.item(), gradient=norm.item())
        self._optimiser.step()
        self.average.update(self.network)
        self.step += 1
        log.emit("train", self.step, loss=loss.item(), lr=rate, gradient=norm.item())
        return loss.item()

    def _check_finite(self, **values: float) -> None:
        for name, value in values.items():
            if not math.isfinite(value):
                raise RunError(
                    f"{self._job.folder.path}: step {self.step + 1}: the {name} is {value}; start "
                    f"again with a lower --lr than {self._job.config.highest_lr:g}"
                    + (" or --precision float32" * (self._job.precision.dtype != "float32"))
                )

    def _validate(self, log: EventLog) -> None:
        if not self._held_out:
            return
        self._shown.load_state_dict(self.average.weights)
        self.dice = held_out_dice(self._segmenter, self._held_out, self._job.task)
        by_label = {f"dice_{name}": value for name, value in self.dice.items()}
        log.emit("validate", self.step, dice=fmean(self.dice.values()), **by_label)
