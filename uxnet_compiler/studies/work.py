"""Do the steps of a study: one here, or all of them one after another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from uxnet_compiler.data.fingerprint import fingerprint
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.runs.lock import alone_in
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.schema import Evidence, Genotype, Provenance, dump, load
from uxnet_compiler.search.budget.derive import derive_within
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import search
from uxnet_compiler.search.task import plan_search, searched_part
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.studies.folder import check, enter, is_done, remember, require_data
from uxnet_compiler.studies.outcome import failure, outcome_of
from uxnet_compiler.studies.step import (
    DeriveStep,
    EvaluateStep,
    PlainStep,
    SearchStep,
    Step,
    Study,
    TrainStep,
)
from uxnet_compiler.training.evaluate import evaluate
from uxnet_compiler.training.train import train

Show = Callable[[], AbstractContextManager[Observer]]


def run_study(study: Study, out: Path, show: Show) -> bool:
    """Do every step whose result is not there yet, one at a time.

    A study that was stopped or killed goes on where it was: with the next call, the same steps.
    A step that fails stops those that need it, not the others.

    Args:
        study: What is to be done.
        out: Folder of the study; each step has a folder of its name in it.
        show: Makes a display for each step.

    Returns:
        Whether all is done; Ctrl-C stops a study.

    Raises:
        DataError: A data set cannot be used.
        RunError: A step failed, or the folder belongs to another study or is another job's now.
    """
    require_data(study)
    check(study, out)
    try:
        with alone_in(out):
            with show() as observer:
                enter(study, out, observer)
            return _do_missing(study, out, show)
    except KeyboardInterrupt:
        return False


def _do_missing(study: Study, out: Path, show: Show) -> bool:
    missing = [step for step in study.steps if not is_done(step, out)]
    left = {step.name for step in missing}
    failed: dict[str, str] = {}
    for number, step in enumerate(missing, start=1):
        if not left.isdisjoint(step.needs):
            continue
        with show() as observer:
            observer.note(f"[{number} of {len(missing)}] {step.name}")
            ended = outcome_of(partial(_begin, study, step, out, observer))
            if ended.error is not None:
                failed[step.name] = ended.error
                observer.note(f"{step.name}: {ended.error}")
            elif not ended.complete:
                return False
            else:
                left.discard(step.name)
    if failed:
        raise failure(failed, left)
    return True


def _begin(study: Study, step: Step, out: Path, observer: Observer) -> bool:
    remember(study, step, out, observer)
    return do(step, study.data[step.data], out, observer)


def do(step: Step, data: Path, out: Path, observer: Observer) -> bool:
    """Do one step, or go on with it; say whether it came to its end.

    Raises:
        UxnetError: What the step works on cannot be used, or it failed.
    """
    folder = RunFolder(out / step.name)
    match step:
        case SearchStep():
            resume = folder.config_path.is_file()
            found = search(data, folder.path, step.config, observer=observer, resume=resume)
            return found.summary.complete
        case PlainStep():
            dump(plain(data, step.config, observer), folder.genotype_path)
        case DeriveStep():
            source = RunFolder(out / step.search).genotype_path
            derived = derive_within(load(source), step.tau, source=str(source), device=step.device)
            dump(derived, folder.genotype_path)
        case TrainStep():
            resume = folder.config_path.is_file()
            genotype = load(RunFolder(out / step.genotype).genotype_path)
            made = train(genotype, data, folder.path, step.config, observer=observer, resume=resume)
            return made.summary.complete
        case EvaluateStep():
            evaluate(
                out / step.training,
                data,
                tta=step.tta,
                device=step.device,
                out=folder.path,
                observer=observer,
            )
    return True


def plain(data: Path, config: SearchConfig, observer: Observer) -> Genotype:
    """Return the U-Net of the frame that a search would have: levels, strides and widths.

    Raises:
        DataError: The data set cannot be used.
    """
    dataset = searched_part(open_dataset(data), config)
    observer.phase("measuring the data")
    measured = fingerprint(dataset, lambda done, all_: observer.tick(done / all_, cases=done))
    bare = config.model_copy(update={"search_ops": False, "search_edges": False})
    _, space = plan_search(dataset, measured, bare)
    return FAMILIES[config.family].genotype(
        space,
        Evidence(gates={}, choices={}),
        name="unet",
        tau=config.tau,
        provenance=Provenance(origin="the U-Net of the search's frame"),
    )
