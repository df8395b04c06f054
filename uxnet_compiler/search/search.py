"""Search a genotype on a data set into a run folder."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict

import uxnet_compiler
from uxnet_compiler.backends.safetensors import write_weights
from uxnet_compiler.data.digest import dataset_digest
from uxnet_compiler.data.fingerprint import fingerprint
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.machine.device import pick_device
from uxnet_compiler.machine.fabric import make_fabric
from uxnet_compiler.machine.launch import place
from uxnet_compiler.machine.processes import from_first, together, wait_for_all
from uxnet_compiler.machine.repeatable import repeatable
from uxnet_compiler.machine.selftest import Precision, choose_precision
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.random_state import seed_everything
from uxnet_compiler.runs.resuming import reopen
from uxnet_compiler.runs.stopping import Stopper
from uxnet_compiler.schema import Genotype, Provenance, dump, load
from uxnet_compiler.search.budget.search_budget import SearchBudget, search_budget
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.decision import MEASURED_FILE, Outcome, decide, expected
from uxnet_compiler.search.inherit import SUPERNET_FILE
from uxnet_compiler.search.loop import Loop
from uxnet_compiler.search.strategies import make_strategy
from uxnet_compiler.search.task import Task, halves, plan_search, searched_part
from uxnet_compiler.search.trust.report import measure_mixture, report_search, trust_path
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.wording import counted

MENDABLE = ("precision", "weight_lr")
"""What a search may be resumed with otherwise than it was begun, since a loss was not finite."""

FEW_STEPS = 150  # fewer decide next to nothing; the shortest searches of the benchmarks make 160


class SearchSummary(BaseModel):
    """A search in a few numbers.

    Attributes:
        genotype: Id of the architecture.
        steps: Steps made.
        minutes: Time of searching, without reading the data.
        waiting: Share of that time in which the device waited for patches.
        complete: Whether the budget was used up; a stopped run can be resumed.
        precision: What it was computed in.
        dice: Mean foreground Dice of the supernet on patches of the architecture's half.
        edges: Edges of the network that could have been cut, and all such of the space.
        repaired: Edges kept against the threshold, so that the output is connected.
        closed: Edges dropped against the threshold, to stay within the limits.
        replaced: Ops taken instead of the likeliest, to stay within the limits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    genotype: str
    steps: int
    minutes: float
    waiting: float
    complete: bool
    precision: str
    dice: float | None
    edges: tuple[int, int]
    repaired: int
    closed: int
    replaced: int


@dataclass(frozen=True)
class Found:
    """Where a search is, what it found, and how it went."""

    folder: RunFolder
    genotype: Genotype
    summary: SearchSummary


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
    here = place()
    observer = observer if observer is not None and here.is_first else Observer()
    device = pick_device(config.device)
    with together(device), repeatable(device), ExitStack() as held:
        folder = RunFolder(out)
        mended = folder.check(config, resume=resume, mendable=MENDABLE)
        wait_for_all()  # none may write before all have looked
        if here.is_first:
            held.enter_context(alone_in(folder.path))
        dataset = searched_part(open_dataset(data), config)
        observer.phase("measuring the data")
        digest = dataset_digest(dataset)
        state = reopen(folder, digest, here.count, observer.note) if resume else None
        if resume and (done := _complete(folder)) is not None:
            observer.note(f"{out}: complete already")
            return done
        measured = fingerprint(dataset, lambda done, all_: observer.tick(done / all_, cases=done))
        plan, space = plan_search(dataset, measured, config)
        precision = (
            Precision(**state["precision"])
            if state is not None and config.precision == "auto"
            else from_first(choose_precision(config.precision, device, plan.spatial_dims))
        )
        task = Task(config, dataset, digest, plan, space, precision)
        budget = search_budget(task, device, observer, folder)
        observer.phase("loading the data")
        train, held_out = halves(task, observer)
        seed_everything(config.seed)
        strategy = make_strategy(
            space, config, make_fabric(device, precision), precision, penalty=budget.penalty
        )
        loop = Loop(task, folder, strategy, train, held_out)
        if state is None:
            _begin(loop, budget, observer)
        else:
            loop.restore(state)
            if here.is_first:
                folder.go_on(config, mended, observer.note)
        observer.phase("searching", loop.step / loop.schedule.steps)
        with Stopper(elapsed_s=loop.elapsed_s) as stopper:
            made = loop.run(observer, stopper, resumed=resume)
            # Before deciding, which trains the weights on.
            mixture = measure_mixture(folder, loop, observer)
            outcome = decide(loop, budget.work, observer, stopper, complete=made)
            found = _finish(task, folder, loop, budget, outcome, mixture, observer)
            wait_for_all()
        return found


def _complete(folder: RunFolder) -> Found | None:
    """Return what a search has found that came to its end, the report included."""
    if not (folder.summary_path.is_file() and trust_path(folder.path).is_file()):
        return None
    summary = folder.read(folder.summary_path, SearchSummary)
    return Found(folder, load(folder.genotype_path), summary) if summary.complete else None


def _begin(loop: Loop, budget: SearchBudget, observer: Observer) -> None:
    """Plan the steps, and make the folder a run that can be resumed."""
    config = loop.task.config
    if config.minutes is not None:
        observer.phase("timing steps")
        ahead = expected(loop)
        loop.plan(ahead.fixed_s, ahead.step_s)
        observer.note(loop.schedule.describe())
        spent_s = loop.elapsed_s + ahead.fixed_s
        if spent_s > config.minutes * 60:
            minutes = loop.schedule.minutes_for(1, spent_s)
            observer.note(f"this takes about {minutes} min, longer than asked")
        wanted = min(FEW_STEPS, config.steps or FEW_STEPS)
        if loop.schedule.steps < wanted:
            minutes = loop.schedule.minutes_for(wanted, spent_s)
            observer.note(f"so few steps decide little; {wanted} take {minutes} min")
    if place().is_first:
        with loop.folder.beginning(loop.task.config):
            loop.folder.write(loop.folder.plan_path, loop.task.plan)
            loop.folder.write(loop.folder.schedule_path, loop.schedule)
            budget.remember(loop.folder)
            loop.save()


def _finish(
    task: Task,
    folder: RunFolder,
    loop: Loop,
    budget: SearchBudget,
    outcome: Outcome,
    mixture: float | None,
    observer: Observer,
) -> Found:
    """Decode, and write the genotype, the supernet's weights and the summary."""
    plain = FAMILIES[task.config.family].genotype(
        task.space,
        outcome.evidence,
        name=f"{task.dataset.name}-{task.config.family}-{task.config.seed}",
        tau=task.config.tau,
        provenance=_provenance(task, loop),
    )
    genotype = budget.apply(plain)
    summary = SearchSummary(
        genotype=genotype.id,
        steps=loop.step,
        minutes=round((loop.elapsed_s + outcome.seconds) / 60, 2),
        waiting=loop.waiting(outcome.seconds),
        complete=outcome.complete,
        precision=task.precision.dtype,
        dice=loop.strategy.dice,
        edges=(len(task.space.kept(genotype.architecture)), len(task.space.gates)),
        repaired=len(genotype.provenance.repaired),
        closed=len(genotype.provenance.closed),
        replaced=len(genotype.provenance.replaced),
    )
    if place().is_first:
        write_weights(loop.strategy.network.state_dict(), folder.path / SUPERNET_FILE)
        dump(genotype, folder.genotype_path)
        if outcome.measurement is None:
            (folder.path / MEASURED_FILE).unlink(missing_ok=True)
        else:
            folder.write(folder.path / MEASURED_FILE, outcome.measurement)
        folder.write(folder.summary_path, summary)
        report_search(
            folder,
            loop,
            genotype,
            outcome,
            mixture,
            observer,
            devices=place().count,
        )
    return Found(folder, genotype, summary)


def _provenance(task: Task, loop: Loop) -> Provenance:
    return Provenance(
        origin=f"uxnet search, {counted(loop.step, 'step')}, {loop.task.precision.dtype}",
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
