"""The folder of a study: which steps it has, and which of them are done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from uxnet_compiler.data.dataset import require_folds
from uxnet_compiler.data.digest import dataset_digest
from uxnet_compiler.data.sources import open_dataset
from uxnet_compiler.errors import RunError
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.config import first_defect
from uxnet_compiler.runs.events import last_step, read_events
from uxnet_compiler.runs.folder import RunFolder, dump_json
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runs.schedule import Schedule
from uxnet_compiler.schema import dump
from uxnet_compiler.studies.step import (
    GIVEN,
    PlainStep,
    SearchStep,
    Step,
    Steps,
    Study,
    TrainStep,
)

STUDY = "study.json"


class _Ending(BaseModel):
    """What a search and a training say of their end."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    complete: bool


def enter(study: Study, out: Path, observer: Observer | None = None) -> None:
    """Make the folder of a study, or go on in that of the same one.

    Steps may be added later; a step that is there must be what it was, and so must the data.

    Raises:
        DataError: A file of a data set cannot be read.
        RunError: The folder holds something else, or a step was made in another way or from
            other data.
    """
    check(study, out)
    before = _read(out)
    known = _made_from(before, out)
    for name in sorted(known.keys() & study.data.keys()):
        if _digest(study.data[name], "comparing the data", observer) != known[name]:
            raise RunError(
                f"{out}: was made from other data ({name}); choose a new --out, or remove what was"
                " made from them"
            )
    mine = study.document()
    old = {} if before is None else {step.name: step for step in before.steps}
    steps = {**old, **{step.name: step for step in mine.steps}}
    genotypes = {**(before.genotypes if before else {}), **mine.genotypes}
    merged = Steps(
        steps=tuple(steps.values()), genotypes=dict(sorted(genotypes.items())), data=known
    )
    if merged != before:
        write_text(out / STUDY, dump_json(merged))
    for name, genotype in study.genotypes.items():
        if not (path := out / GIVEN / name / "genotype.json").is_file():
            dump(genotype, path)


def remember(study: Study, step: Step, out: Path, observer: Observer) -> None:
    """Keep which data a step works on, once it begins: it reads them anyway.

    Raises:
        DataError: A file of the data set cannot be read.
    """
    before = _read(out)
    assert before is not None, "a study that was entered"
    if step.data not in before.data:
        digest = _digest(study.data[step.data], "reading the data", observer)
        data = {**before.data, step.data: digest}
        write_text(out / STUDY, dump_json(before.model_copy(update={"data": data})))


def require_data(study: Study) -> None:
    """Open every data set of a study, before anything is written for it.

    Raises:
        DataError: One cannot be used, or has fewer cases than a step asks for folds.
    """
    for name, root in study.data.items():
        dataset = open_dataset(root)
        for step in study.steps:
            if step.data == name and isinstance(step, SearchStep | PlainStep | TrainStep):
                require_folds(dataset, step.config.folds)


def check(study: Study, out: Path) -> None:
    """Refuse what `enter` would refuse, but other data: nothing is written, and no image read.

    Raises:
        RunError: As for `enter`.
    """
    before = _read(out)
    if before is None:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise RunError(f"{out}: not empty, and no study (no {STUDY} in it); choose a new --out")
        return
    mine = study.document()
    old = {step.name: step for step in before.steps}
    for step in mine.steps:
        if (other := old.get(step.name, step)) != step:
            what = _difference(other.model_dump(mode="json"), step.model_dump(mode="json"))
            raise RunError(f"{out}: step {step.name}: {what}; choose a new --out")
    for name, found in mine.genotypes.items():
        if before.genotypes.get(name, found) != found:
            raise RunError(f"{out}: genotype {name}: was another network; choose a new --out")


def is_done(step: Step, out: Path) -> bool:
    """Say whether the result of a step is there.

    Raises:
        RunError: The summary of a step is broken.
    """
    folder = RunFolder(out / step.name)
    match step.kind:
        case "search" | "train":
            path = folder.summary_path
            return path.is_file() and folder.read(path, _Ending).complete
        case "plain" | "derive":
            return folder.genotype_path.is_file()
        case "evaluate":
            return all((folder.path / name).is_file() for name in ("scores.json", "cases.csv"))


def part_made(step: Step, out: Path) -> float:
    """Return which part of its steps a search or a training has made so far, 0 to 1.

    Raises:
        RunError: Its schedule or its diary is broken.
    """
    folder = RunFolder(out / step.name)
    if not folder.schedule_path.is_file():
        return 0.0
    planned = folder.read(folder.schedule_path, Schedule).steps
    return min(1.0, last_step(read_events(folder.events_path)) / planned)


def _made_from(before: Steps | None, out: Path) -> dict[str, str]:
    """Return the digests of the data that something in the folder was made from."""
    if before is None:
        return {}
    begun = {step.data for step in before.steps if (out / step.name).exists()}
    return {name: digest for name, digest in before.data.items() if name in begun}


def _digest(root: Path, phase: str, observer: Observer | None) -> str:
    listener = observer or Observer()
    listener.phase(phase)
    return dataset_digest(
        open_dataset(root), lambda done, all_: listener.tick(done / all_, cases=done)
    )


def _read(out: Path) -> Steps | None:
    path = out / STUDY
    if not path.is_file():
        return None
    try:
        return Steps.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise RunError(f"{path}: {first_defect(error)}") from None


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Tell the first field that differs."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    key = min(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return f"{key} was {old.get(key)}, is now {new.get(key)}"


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
