"""Write the trust report of a search into its run folder, and read it again."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from uxnet_compiler.data.patches import PatchBatches
from uxnet_compiler.errors import RunError
from uxnet_compiler.machine.memory import memory_errors
from uxnet_compiler.runs.events import Event, read_events
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Genotype
from uxnet_compiler.search.decision import Outcome
from uxnet_compiler.search.loop import Loop
from uxnet_compiler.search.trust.decisions import judge
from uxnet_compiler.search.trust.diary import course, recorded
from uxnet_compiler.search.trust.gap import BATCHES, SEED, measure_gap, mixture_dice
from uxnet_compiler.search.trust.model import Comparison, Gap, Resources, Trust
from uxnet_compiler.search.trust.picture import draw_trust
from uxnet_compiler.search.trust.rules import verdicts
from uxnet_compiler.spaces import Space

PICTURES = ("trust.png", "trust.svg")


def trust_path(run: Path) -> Path:
    """Return where the report of a search is."""
    return run / "trust.json"


def report_search(
    folder: RunFolder,
    loop: Loop,
    genotype: Genotype,
    outcome: Outcome,
    mixture: float | None,
    observer: Observer,
    *,
    devices: int = 1,
) -> Trust:
    """Measure and write the trust report of a search whose genotype is written.

    Args:
        folder: Of the run.
        loop: After its last step.
        genotype: What it found.
        outcome: Why.
        mixture: Dice of the supernet as searched, before anything was measured; see `Gap`.
        observer: Hears about it.
        devices: Processes that searched together.

    Raises:
        RunError: The folder cannot be written.
    """
    took = _resources(loop, outcome, devices)
    gap = _gap(folder, loop, genotype, mixture, observer)
    diary = read_events(folder.events_path)
    report = make_trust(genotype, loop.task.space, diary, outcome, took, gap)
    write_trust(folder, report)
    return report


def make_trust(
    genotype: Genotype,
    space: Space,
    diary: Sequence[Event],
    outcome: Outcome,
    resources: Resources,
    gap: Gap | None,
) -> Trust:
    """Judge a search by its genotype with evidence, its diary and what it took."""
    assert genotype.evidence is not None, "a search leaves its evidence"
    assert genotype.space is not None, "a search leaves its space"
    tau = genotype.space.tau or 0.0
    records = recorded(diary, resources.steps, outcome.learned)
    measurement = outcome.measurement
    report = Trust(
        genotype=genotype.id,
        tau=tau,
        edges=(len(space.kept(genotype.architecture)), len(space.gates)),
        repaired=len(genotype.provenance.repaired),
        verdicts=(),
        decisions=judge(records, genotype.evidence, measurement, tau),
        course=course(records),
        gap=gap,
        resources=resources,
        rise=None if measurement is None else measurement.rise(tau),
        singles=None if measurement is None else measurement.dice,
    )
    return judged(report)


def judged(report: Trust) -> Trust:
    """Return the report with the verdicts that its numbers deserve."""
    return report.model_copy(update={"verdicts": verdicts(report)})


def write_trust(folder: RunFolder, report: Trust) -> None:
    """Write `trust.json` and its pictures.

    Raises:
        RunError: The folder cannot be written.
    """
    folder.write(trust_path(folder.path), report)
    for name in PICTURES:
        draw_trust(report, folder.path / name)


def read_trust(run: Path) -> Trust:
    """Read the report of a search.

    Raises:
        RunError: The folder is no search that ended, or the report is damaged.
    """
    folder = RunFolder.open(run)
    path = trust_path(run)
    if not path.is_file():
        raise RunError(f"{run}: no trust.json in it; `uxnet search` writes it when a search ends")
    return folder.read(path, Trust)


def extended(
    report: Trust, *, gap: Gap | None = None, comparison: Comparison | None = None
) -> Trust:
    """Return the report with what trained networks add to it, judged again."""
    new = {"gap": gap, "comparison": comparison}
    return judged(report.model_copy(update={k: v for k, v in new.items() if v is not None}))


def fixed_patches(held_out: PatchBatches) -> list[tuple[Tensor, Tensor]]:
    """Draw the patches that every network of a report is measured on, always the same."""
    return list(islice(held_out.unvaried(SEED), BATCHES))


def measure_mixture(folder: RunFolder, loop: Loop, observer: Observer) -> float | None:
    """Measure the Dice of the supernet as it was searched; see `Gap.relaxed`."""
    task, network = loop.task, loop.strategy.network
    patches, learned = fixed_patches(loop.held_out), loop.strategy.evidence()
    try:
        with memory_errors(str(folder.path), "the trust report goes without the supernet's Dice"):
            return mixture_dice(learned, task.space, network, patches, task.precision)
    except RunError as error:
        observer.note(str(error))
        return None


def _gap(
    folder: RunFolder,
    loop: Loop,
    genotype: Genotype,
    mixture: float | None,
    observer: Observer,
) -> Gap | None:
    """Measure the gap; a machine without memory for it keeps the rest of the report."""
    observer.phase("measuring the trust report")
    patches, task = fixed_patches(loop.held_out), loop.task
    network = loop.strategy.network
    try:
        with memory_errors(str(folder.path), "the trust report goes without the gap"):
            return measure_gap(
                genotype, mixture, task.space, network, patches, task.precision, observer.tick
            )
    except RunError as error:
        observer.note(str(error))
        return None


def _resources(loop: Loop, outcome: Outcome, devices: int) -> Resources:
    taken_s = loop.elapsed_s + outcome.seconds
    device = next(loop.strategy.network.parameters()).device
    gpu = device.type == "cuda"
    return Resources(
        minutes=round(taken_s / 60, 2),
        steps=loop.step,
        complete=outcome.complete,
        devices=devices,
        device_hours=round(taken_s / 3600 * devices, 4),
        peak_bytes=_peak_bytes(),
        peak_gpu_bytes=torch.cuda.max_memory_allocated(device) if gpu else None,
        waiting=loop.waiting(outcome.seconds) if taken_s > 0 else None,
    )


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
