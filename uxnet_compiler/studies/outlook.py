"""What the steps of a study will take here, in hours and memory, before any of them starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from pathlib import Path

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.data.plan import Plan
from uxnet_compiler.data.plan import plan as make_plan
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Evidence, Genotype, load
from uxnet_compiler.search.memory import bytes_per_voxel
from uxnet_compiler.search.supernet import Supernet
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.studies.folder import check, is_done, part_made, require_data
from uxnet_compiler.studies.measured import Kept, Measured
from uxnet_compiler.studies.step import (
    GIVEN,
    DeriveStep,
    EvaluateStep,
    PlainStep,
    SearchStep,
    Step,
    Study,
    TrainStep,
)
from uxnet_compiler.studies.table import Cell, Column, Table
from uxnet_compiler.studies.trial import Pace, search_pace, train_pace, using
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.train import MAPS_IN_MEMORY


@dataclass(frozen=True)
class Outlook:
    """What one step will take.

    Attributes:
        step: The step.
        hours: About, of what is left of it; data that have to be read come on top.
        memory_bytes: Of a step of the network, as planned.
        disk_bytes: Of the preprocessed images that it is the first to open.
        is_done: Whether its result is there already; then it takes nothing.
    """

    step: Step
    hours: float
    memory_bytes: int = 0
    disk_bytes: int = 0
    is_done: bool = False


def outlook(
    study: Study, out: Path, observer: Observer | None = None, *, threads: int | None = None
) -> list[Outlook]:
    """Predict what each step of a study takes: its voxels, times what a voxel takes in a trial.

    Images are planned by their headers. A network that is not found yet is taken to be like a
    random one of its space.

    Args:
        study: The steps.
        out: Folder of the study, whether it exists or not.
        observer: Hears how far it is.
        threads: That each step will have; as many as torch takes here when not given.

    Raises:
        DataError: A data set cannot be used.
        RunError: The folder belongs to another study, or the device is not there.
    """
    require_data(study)
    check(study, out)
    teller = _Teller(study, out)
    observer = observer or Observer()
    observer.phase("estimating")
    found = []
    with using(threads):
        for done, step in enumerate(study.steps, start=1):
            found.append(teller.tell(step))
            observer.tick(done / len(study.steps), steps=done)
    return found


class _Teller:
    """Measure each data set and each kind of network once."""

    def __init__(self, study: Study, out: Path) -> None:
        self.study = study
        self.out = out
        self._steps = {step.name: step for step in study.steps}
        self._data: dict[str, Measured] = {}
        self._paces: dict[str, Pace] = {}
        self._search_paces: dict[str, float] = {}
        self._kept: dict[str, set[Kept]] = {}

    def tell(self, step: Step) -> Outlook:
        if is_done(step, self.out):
            return Outlook(step, 0.0, is_done=True)
        left = 1 - part_made(step, self.out)
        match step:
            case SearchStep():
                return self._search(step, left)
            case TrainStep():
                return self._train(step, left)
            case EvaluateStep():
                return self._evaluate(step)
            case PlainStep() | DeriveStep():
                return Outlook(step, 0.0)

    def _search(self, step: SearchStep, left: float) -> Outlook:
        config = step.config
        plan, space = self._measured(step.data).frame(config)
        memory = config.batch_size * prod(plan.patch_size) * bytes_per_voxel(Supernet(space))
        free = config.model_copy(update={"seed": 0, "fold": 0, "steps": None, "minutes": None})
        key = f"{step.data} {free.model_dump_json()}"
        if config.steps and key not in self._search_paces:
            self._search_paces[key] = search_pace(space, config, plan.patch_size)
        voxels = config.batch_size * prod(plan.patch_size)
        step_s = self._search_paces.get(key, 0.0) * voxels
        hours = left * _hours(config.steps, config.minutes, step_s)
        return Outlook(step, hours, int(memory), self._disk(step, plan))

    def _train(self, step: TrainStep, left: float) -> Outlook:
        plan, pace, memory = self._training(step)
        step_s = pace.step_s * step.config.batch_size * prod(plan.patch_size)
        hours = left * _hours(step.config.steps, step.config.minutes, step_s)
        return Outlook(step, hours, memory, self._disk(step, plan))

    def _disk(self, step: SearchStep | TrainStep, plan: Plan) -> int:
        """Return what a step adds to the cache, beyond the steps before it and those begun."""
        data = self._measured(step.data)
        if step.data not in self._kept:
            self._kept[step.data] = {
                image
                for other in self.study.steps
                if isinstance(other, SearchStep | TrainStep) and other.data == step.data
                if is_done(other, self.out) or part_made(other, self.out)
                for image in data.preprocessed(other.config, plan)
            }
        kept, images = self._kept[step.data], data.preprocessed(step.config, plan)
        added = sum(size for image, size in images.items() if image not in kept)
        kept.update(images)
        return added

    def _evaluate(self, step: EvaluateStep) -> Outlook:
        training = self._steps[step.training]
        assert isinstance(training, TrainStep)
        plan, pace, _ = self._training(training)
        data = self._measured(step.data)
        windows = prod(
            1 if whole <= size else 1 + ceil((whole - size) / (size // 2))
            for whole, size in zip(data.fingerprint.median_shape, plan.patch_size, strict=True)
        )
        flips = 2**plan.spatial_dims if step.tta else 1
        cases = ceil(len(data.dataset.cases) / (training.config.folds or 1))
        seconds = cases * windows * flips * pace.forward_s * prod(plan.patch_size)
        return Outlook(step, seconds / 3600)

    def _training(self, step: TrainStep) -> tuple[Plan, Pace, int]:
        """Return the patches of a training, its pace, and the memory of a step."""
        config = step.config
        genotype = self._genotype(step.genotype)
        cost = network_cost(genotype.architecture)
        need = MAPS_IN_MEMORY * cost.map_bytes / prod(cost.image_size)
        plan = make_plan(
            self._measured(step.data).fingerprint,
            strides=genotype.architecture.strides,
            batch_size=config.batch_size,
            memory_bytes=int(config.memory * 2**30),
            bytes_per_voxel=need,
        )
        same: TrainConfig = config.model_copy(update={"seed": 0, "fold": 0, "steps": 1})
        key = f"{genotype.id} {step.data} {same.model_dump_json()}"
        if key not in self._paces:
            self._paces[key] = train_pace(genotype, config, plan.patch_size)
        memory = config.batch_size * prod(plan.patch_size) * need
        return plan, self._paces[key], int(memory)

    def _genotype(self, name: str) -> Genotype:
        """Return the genotype of that name, or one that it may be like."""
        if name.startswith(f"{GIVEN}/"):
            return self.study.genotypes[name.removeprefix(f"{GIVEN}/")]
        step = self._steps[name]
        if is_done(step, self.out):
            return load(RunFolder(self.out / name).genotype_path)
        if isinstance(step, DeriveStep):
            step = self._steps[step.search]
        assert isinstance(step, SearchStep | PlainStep)
        config = step.config
        family = FAMILIES[config.family]
        if isinstance(step, PlainStep):
            config = config.model_copy(update={"search_ops": False, "search_edges": False})
        _, space = self._measured(step.data).frame(config)
        if isinstance(step, PlainStep):
            return family.genotype(space, Evidence(gates={}, choices={}), name="unet")
        return family.sample(space, 0)

    def _measured(self, name: str) -> Measured:
        if name not in self._data:
            self._data[name] = Measured(open_dataset(self.study.data[name]))
        return self._data[name]


def _hours(steps: int | None, minutes: float | None, step_s: float) -> float:
    """Return the time of a job that ends with what comes first."""
    ends = [steps * step_s / 3600] if steps else []
    ends += [minutes / 60] if minutes else []
    return min(ends)


NOTE = (
    "Hours: from steps timed here on small patches, without reading the data. Memory: what a step"
    " of the network needs, as planned. Disk: preprocessed images in the cache, opened as memory"
    " maps; those that other runs have left there already are counted, too."
)
KINDS = {"search": "searches", "train": "trainings", "evaluate": "evaluations"}


def as_table(found: Sequence[Outlook], workers: int = 1) -> Table:
    """Sum up an outlook: a row for each data set and kind of job, and one for all."""
    rows: list[tuple[Cell, ...]] = []
    for data in dict.fromkeys(one.step.data for one in found):
        for kind, name in KINDS.items():
            here = [one for one in found if (one.step.data, one.step.kind) == (data, kind)]
            if here:
                rows.append((data, name, *_sums(here)))
    if len(rows) > 1:
        rows.append(("all", "jobs", *_sums([one for one in found if one.step.kind in KINDS])))
    total = sum(one.hours for one in found) / workers
    together = f", {workers} at a time" if workers > 1 else ""
    heads = ("data", "kind", "jobs", "of them done", "hours", "memory GiB", "disk GiB")
    return Table(
        title=f"About {total:.1f} hours{together}",
        columns=tuple(Column(head=head) for head in heads),
        rows=tuple(rows),
        notes=(NOTE,),
    )


def _sums(found: Sequence[Outlook]) -> tuple[Cell, ...]:
    memory = max(one.memory_bytes for one in found) / 2**30
    disk = sum(one.disk_bytes for one in found) / 2**30
    done = sum(one.is_done for one in found)
    return len(found), done, sum(one.hours for one in found), memory or None, disk or None
