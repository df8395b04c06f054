"""Search a genotype on a data set into a run folder."""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict
from safetensors.torch import save_file

import uxnet_compiler
from uxnet_compiler.data.decathlon import Dataset, folds, open_dataset
from uxnet_compiler.data.fingerprint import Fingerprint, fingerprint
from uxnet_compiler.data.patches import LoadedCase, PatchBatches, load_cases, patch_batches
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.plan import plan as make_plan
from uxnet_compiler.errors import RunError
from uxnet_compiler.files import replacing
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.selftest import Precision, choose_precision
from uxnet_compiler.runs.checkpoint import load_checkpoint, save_checkpoint
from uxnet_compiler.runs.events import EventLog
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.stopping import Stopper
from uxnet_compiler.schema import Evidence, Genotype, Provenance, SpaceRef, dump
from uxnet_compiler.search.bilevel import BiLevel, Step
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.inherit import SUPERNET_FILE
from uxnet_compiler.search.memory import bytes_per_voxel
from uxnet_compiler.search.supernet import Supernet
from uxnet_compiler.spaces import FAMILIES, Space

SAVE_EVERY_S = 60.0
GATES_EVERY = 10  # steps between two records of all gates and preferences
AHEAD = 2  # batches that are made while the network computes
MAX_WIDTH = 320


class SearchSummary(BaseModel):
    """A search in a few numbers.

    Attributes:
        genotype: Id of the architecture.
        steps: Steps made.
        minutes: Time of searching, without reading the data.
        complete: Whether the budget was used up; a stopped run can be resumed.
        precision: What it was computed in.
        dice: Mean foreground Dice of the supernet on patches of the architecture's half.
        edges: Gated edges that were kept, and all of them.
        repaired: Edges kept against the threshold, so that the output is connected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    genotype: str
    steps: int
    minutes: float
    complete: bool
    precision: str
    dice: float | None
    edges: tuple[int, int]
    repaired: int


@dataclass(frozen=True)
class Found:
    """Where a search is, what it found, and how it went."""

    folder: RunFolder
    genotype: Genotype
    summary: SearchSummary


@dataclass(frozen=True)
class Task:
    """What is searched, on what."""

    config: SearchConfig
    dataset: Dataset
    plan: Plan
    space: Space
    precision: Precision


def search(
    data: Path,
    out: Path,
    config: SearchConfig,
    *,
    observer: Observer | None = None,
    resume: bool = False,
) -> Found:
    """Search an architecture on a data set in the layout of the Medical Segmentation Decathlon.

    The cases are split in two halves by the seed: one trains the weights, the other the
    architecture. `out` then holds `genotype.json` with all evidence, the supernet's weights,
    the diary, and a checkpoint to resume from.

    Raises:
        DataError: The data set cannot be used.
        RunError: The folder, the device or the checkpoint cannot be used, or a loss is not finite.
    """
    observer = observer or Observer()
    folder = RunFolder(out)
    folder.check(config, resume=resume)
    device = pick_device(config.device)
    dataset = _searched_part(open_dataset(data), config)
    observer.phase("measuring the data")
    measured = fingerprint(dataset, lambda done, all_: observer.tick(done / all_, cases=done))
    plan, space = _plan(dataset, measured, config)
    state = load_checkpoint(folder.checkpoint_path) if resume else None
    precision = (
        Precision(**state["precision"])
        if state is not None
        else choose_precision(config.precision, device, plan.spatial_dims)
    )
    task = Task(config, dataset, plan, space, precision)
    observer.phase("loading the data")
    train, held_out = _halves(task, observer)
    fabric = make_fabric(device, precision)
    loop = Loop(task, folder, BiLevel(space, config, fabric, precision), train, held_out)
    if state is not None:
        loop.restore(state)
    else:
        RunFolder.create(out, config)
        folder.write(folder.plan_path, plan)
        loop.save()
    observer.phase("searching")
    complete = loop.run(observer, resumed=resume)
    return _finish(task, folder, loop, complete=complete)


class Loop:
    """Make the steps of a search: one state that can be saved, restored and stopped."""

    def __init__(
        self,
        task: Task,
        folder: RunFolder,
        bilevel: BiLevel,
        train: PatchBatches,
        held_out: PatchBatches,
    ) -> None:
        self.task = task
        self.folder = folder
        self.bilevel = bilevel
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
                try:
                    made = self.bilevel.step(self.train, self.held_out, self._used(stopper))
                except RunError as error:
                    raise RunError(f"{self.folder.path}: step {self.step + 1}: {error}") from None
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
        evidence = self.bilevel.relaxation.evidence()
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
                "bilevel": self.bilevel.state(),
                "train": self.train.state(),
                "held_out": self.held_out.state(),
            },
        )

    def restore(self, state: dict[str, object]) -> None:
        """Go on from what `save` wrote."""
        self.step = int(str(state["step"]))
        self.elapsed_s = float(str(state["elapsed_s"]))
        self.bilevel.restore(state["bilevel"])  # type: ignore[arg-type]
        self.train.restore(state["train"])  # type: ignore[arg-type]
        self.held_out.restore(state["held_out"])  # type: ignore[arg-type]


def _searched_part(dataset: Dataset, config: SearchConfig) -> Dataset:
    """Leave the held-out fold out, if there are folds."""
    if config.folds is None:
        return dataset
    train, _ = folds([case.id for case in dataset.cases], config.folds)[config.fold]
    kept = set(train)
    return replace(dataset, cases=tuple(case for case in dataset.cases if case.id in kept))


def _plan(dataset: Dataset, measured: Fingerprint, config: SearchConfig) -> tuple[Plan, Space]:
    """Plan levels first, since the space needs them, then the patch that its supernet allows."""
    memory = int(config.memory_gib * 2**30)
    rough = make_plan(
        measured,
        max_levels=config.levels,
        batch_size=config.batch_size,
        memory_bytes=memory,
        bytes_per_voxel=0.0,
    )
    space = _space(dataset, rough, config)
    need = bytes_per_voxel(Supernet(space))
    plan = make_plan(
        measured,
        strides=rough.strides,
        batch_size=config.batch_size,
        memory_bytes=memory,
        bytes_per_voxel=need,
    )
    return plan, space


def _space(dataset: Dataset, plan: Plan, config: SearchConfig) -> Space:
    levels = len(plan.strides)
    if levels < 2:
        raise RunError(
            f"{dataset.root}: images of {plan.patch_size} voxels leave room for one level only;"
            " a search needs two"
        )
    options = {
        "spatial_dims": plan.spatial_dims,
        "in_channels": dataset.num_channels,
        "out_channels": dataset.num_classes,
        "widths": [min(config.width * 2**level, MAX_WIDTH) for level in range(levels)],
        "strides": [list(stride) for stride in plan.strides],
        "ops": "searched" if config.search_ops else "unet",
        "edges": "searched" if config.search_edges else "unet",
    }
    family = FAMILIES[config.family]
    return family.space(
        SpaceRef(family=family.name, version=family.version, options=options),
        source="configuration",
    )


def _halves(task: Task, observer: Observer) -> tuple[PatchBatches, PatchBatches]:
    """Split the cases by the seed; each half draws its own patches."""
    config = task.config
    ids = [case.id for case in task.dataset.cases]
    if len(ids) < 2:
        raise RunError(f"{task.dataset.root}: one case; a search needs two halves of at least one")
    cases = load_cases(
        task.dataset, ids, task.plan, lambda done, all_: observer.tick(done / all_, cases=done)
    )
    order = random.Random(config.seed).sample(range(len(cases)), len(cases))
    middle = (len(order) + 1) // 2

    def batches(part: list[int], seed: int) -> PatchBatches:
        chosen: list[LoadedCase] = [cases[index] for index in sorted(part)]
        return patch_batches(
            chosen,
            task.plan,
            batch_size=config.batch_size,
            augment=True,
            seed=seed,
            ahead=AHEAD,
        )

    return batches(order[:middle], 2 * config.seed), batches(order[middle:], 2 * config.seed + 1)


def _finish(task: Task, folder: RunFolder, loop: Loop, *, complete: bool) -> Found:
    """Decode, and write the genotype, the supernet's weights and the summary."""
    evidence = loop.bilevel.relaxation.evidence()
    genotype = FAMILIES[task.config.family].genotype(
        task.space,
        evidence,
        name=f"{task.dataset.name}-{task.config.family}-{task.config.seed}",
        tau=task.config.tau,
        provenance=_provenance(task, loop),
    )
    weights = {
        name: value.detach().cpu().contiguous()
        for name, value in loop.bilevel.network.state_dict().items()
    }
    with replacing(folder.path / SUPERNET_FILE) as draft:
        save_file(weights, draft)
    dump(genotype, folder.genotype_path)
    summary = SearchSummary(
        genotype=genotype.id,
        steps=loop.step,
        minutes=round(loop.elapsed_s / 60, 2),
        complete=complete,
        precision=task.precision.dtype,
        dice=loop.bilevel.dice,
        edges=(_kept(evidence, task.config.tau), len(task.space.gates)),
        repaired=len(genotype.provenance.repaired),
    )
    folder.write(folder.summary_path, summary)
    return Found(folder, genotype, summary)


def _kept(evidence: Evidence, tau: float) -> int:
    return sum(gate >= tau for gate in evidence.gates.values())


def _provenance(task: Task, loop: Loop) -> Provenance:
    return Provenance(
        origin=f"uxnet search, {loop.step} steps, {loop.task.precision.dtype}",
        paper="arXiv 2009.07501",
        seed=task.config.seed,
        software={
            "uxnet-compiler": uxnet_compiler.__version__,
            "torch": torch.__version__,
        },
        data={
            "name": task.dataset.name,
            "cases": len(task.dataset.cases),
            "channels": list(task.dataset.channels),
            "labels": list(task.dataset.labels),
            "spacing": list(task.plan.spacing),
            "patch_size": list(task.plan.patch_size),
        },
    )
