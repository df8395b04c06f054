"""Train a genotype on a data set into a run folder."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.data.cases import LoadedCase, load_cases
from uxnet_compiler.data.dataset import Dataset
from uxnet_compiler.data.digest import dataset_digest
from uxnet_compiler.data.fingerprint import fingerprint
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.plan import plan as make_plan
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.launch import place
from uxnet_compiler.machine.processes import from_first, together, wait_for_all
from uxnet_compiler.machine.repeatable import repeatable
from uxnet_compiler.machine.selftest import Precision, choose_precision
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.random_state import seed_everything
from uxnet_compiler.runs.resuming import reopen
from uxnet_compiler.schema import Architecture, Genotype, dump, load
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.curves import draw_curves
from uxnet_compiler.training.loop import Job, Loop
from uxnet_compiler.training.task import (
    Split,
    check_fits,
    make_split,
    read_split,
    task_of,
    write_split,
    write_task,
)
from uxnet_compiler.training.validation import some_of
from uxnet_compiler.training.weights import start_from

# Training keeps most feature maps, and gradients and workspaces come and go. Measured in float32:
# 1.1 to 1.2 times all maps; bfloat16 takes less. The rest is a margin.
MAPS_IN_MEMORY = 1.5


MENDABLE = ("precision", "lr")
"""What a training may be resumed with otherwise than it was begun, since a loss was not finite."""


class TrainSummary(BaseModel):
    """A training in a few numbers.

    Attributes:
        genotype: Id of the architecture.
        steps: Steps made.
        minutes: Time of training, without reading the data.
        waiting: Share of that time in which the device waited for patches.
        complete: Whether the budget was used up; a stopped run can be resumed.
        params: Trained numbers of the network.
        precision: What it was computed in.
        dice: Mean Dice of the held-out cases that were looked at, at the plan's spacing; None
            without a held-out fold. `uxnet evaluate` measures all of them.
        labels: The same by label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    genotype: str
    steps: int
    minutes: float
    waiting: float
    complete: bool
    params: int
    precision: str
    dice: float | None
    labels: dict[str, float]


@dataclass(frozen=True)
class Result:
    """Where a training is, and how it went."""

    folder: RunFolder
    summary: TrainSummary


def train(
    genotype: Genotype,
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    observer: Observer | None = None,
    resume: bool = False,
    weights: Path | None = None,
) -> Result:
    """Train the network of a genotype.

    Args:
        genotype: Any family's; its channels and classes must be those of the data.
        data: Data set in the layout of the Medical Segmentation Decathlon.
        out: New folder for the run.
        config: How to train.
        observer: Hears how far it is.
        resume: Go on with the stopped run in `out`, which must have the same configuration but for
            `MENDABLE`.
        weights: Weights to start from, instead of fresh ones.

    Raises:
        DataError: The data set cannot be used, or the genotype does not fit it.
        RunError: The folder, the device or the checkpoint cannot be used, or the training broke
            down.
        BackendError: The weights cannot be used.
    """
    here = place()
    observer = observer if observer is not None and here.is_first else Observer()
    device = pick_device(config.device)
    with together(device), repeatable(device), ExitStack() as held:
        folder = RunFolder(out)
        mended = folder.check(config, resume=resume, mendable=MENDABLE)
        wait_for_all()  # none may write before all have looked
        if here.is_first:
            held.enter_context(alone_in(folder.path))
        dataset = open_dataset(data)
        check_fits(genotype.architecture, dataset)
        if resume:
            plan, split = _reopen(folder, genotype)
            observer.phase("comparing the data")
            digest = dataset_digest(dataset)
            state = reopen(folder, digest, here.count, observer.note)
            precision = Precision(**state["precision"])
            if config.precision != "auto":
                precision = choose_precision(config.precision, device, plan.spatial_dims)
        else:
            split = make_split(dataset, config.folds, config.fold)
            plan = plan_for(genotype.architecture, dataset, split, config, observer)
            digest, state = dataset_digest(dataset), None
            precision = from_first(choose_precision(config.precision, device, plan.spatial_dims))
        cases, held_out = _load(dataset, split, plan, config, observer)
        seed_everything(config.seed)
        job = Job(folder, genotype, plan, task_of(dataset), config, device, precision, digest)
        loop = Loop(job, cases, held_out)
        if state is None:
            if weights is not None:
                start_from(loop.network, genotype, weights)
                loop.restart_average()
            _begin(job, loop, split, observer)
        else:
            loop.restore(state)
            if here.is_first:
                folder.go_on(config, mended, observer.note)
        observer.phase("training", loop.step / loop.schedule.steps)
        complete = loop.run(observer, resumed=resume)
        result = _finish(job, loop, complete=complete)
        wait_for_all()
        return result


def _begin(job: Job, loop: Loop, split: Split, observer: Observer) -> None:
    """Plan the steps, and make the folder a run that can be resumed."""
    if job.config.minutes is not None:
        observer.phase("timing steps")
        loop.plan()
        observer.note(loop.schedule.describe())
    if place().is_first:
        folder = job.folder
        with folder.beginning(job.config):
            dump(job.genotype, folder.genotype_path)
            folder.write(folder.plan_path, job.plan)
            folder.write(folder.schedule_path, loop.schedule)
            write_task(folder, job.task)
            write_split(folder, split)
            loop.save_checkpoint()


def _finish(job: Job, loop: Loop, *, complete: bool) -> Result:
    """Write the summary and the curves."""
    summary = TrainSummary(
        genotype=job.genotype.id,
        steps=loop.step,
        minutes=round(loop.elapsed_s / 60, 2),
        waiting=round(loop.waited_s / loop.elapsed_s, 4),
        complete=complete,
        params=network_cost(job.genotype.architecture).params,
        precision=job.precision.dtype,
        dice=fmean(loop.dice.values()) if loop.dice else None,
        labels=loop.dice,
    )
    if place().is_first:
        job.folder.write(job.folder.summary_path, summary)
        draw_curves(job.folder.events_path, job.folder.path / "curves.png")
    return Result(job.folder, summary)


def plan_for(
    architecture: Architecture,
    dataset: Dataset,
    split: Split,
    config: TrainConfig,
    observer: Observer,
) -> Plan:
    """Plan patches for a network; only the training cases are measured, no held-out one."""
    observer.phase("measuring the data")
    chosen = set(split.train)
    training = replace(dataset, cases=tuple(c for c in dataset.cases if c.id in chosen))
    measured = fingerprint(training, lambda done, all_: observer.tick(done / all_, cases=done))
    cost = network_cost(architecture)
    return make_plan(
        measured,
        strides=architecture.strides,
        batch_size=config.batch_size,
        memory_bytes=int(config.memory * 2**30),
        bytes_per_voxel=MAPS_IN_MEMORY * cost.map_bytes / prod(cost.image_size),
    )


def _reopen(folder: RunFolder, genotype: Genotype) -> tuple[Plan, Split]:
    before = load(folder.genotype_path)
    if before.id != genotype.id:
        raise RunError(
            f"{folder.path}: cannot resume with another genotype: the run trains "
            f"{before.name!r}, not {genotype.name!r}"
        )
    return folder.read(folder.plan_path, Plan), read_split(folder)


def _load(
    dataset: Dataset, split: Split, plan: Plan, config: TrainConfig, observer: Observer
) -> tuple[list[LoadedCase], list[LoadedCase]]:
    looked_at = some_of(split.held_out, config.validation_cases)
    ids = [*split.train, *looked_at]
    observer.phase("loading the data")
    loaded = load_cases(
        dataset, ids, plan, lambda done, all_: observer.tick(done / all_, cases=done)
    )
    return loaded[: len(split.train)], loaded[len(split.train) :]
