"""What a report is about: a genotype, or the folder of a run, an evaluation or predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from uxnet_compiler.errors import RunError
from uxnet_compiler.pages.report.predictions import is_label_map
from uxnet_compiler.runs.config import first_defect
from uxnet_compiler.runs.events import Event, read_events
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.trust.model import Trust
from uxnet_compiler.training.evaluate import Evaluation, evaluation_folder
from uxnet_compiler.zoo import resolve

Kind = Literal["genotype", "search", "training", "evaluation", "predictions"]
SCORES, TRUST, TASK = "scores.json", "trust.json", "task.json"


@dataclass(frozen=True)
class Subject:
    """One thing that a report is about, and what is known of it.

    Attributes:
        kind: What it is.
        label: How the report calls it.
        folder: Where it lies; None for a genotype of the zoo.
        genotype: None where a run has none yet, or a folder of scores does not say.
        diary: What happened in a run.
        trust: Of a search that has ended.
        evaluation: Scores of cases.
    """

    kind: Kind
    label: str
    folder: Path | None = None
    genotype: Genotype | None = None
    diary: tuple[Event, ...] = ()
    trust: Trust | None = None
    evaluation: Evaluation | None = None


def open_subjects(arguments: tuple[str, ...]) -> list[Subject]:
    """Open what a user names, and call equal names apart.

    Raises:
        RunError: A folder is none of those that can be reported, or damaged.
        GenotypeError: A genotype is not sound.
        UnknownNameError: The zoo has no such genotype.
    """
    found = [open_subject(argument) for argument in arguments]
    labels = [each.label for each in found]
    return [
        replace(each, label=f"{each.label} ({labels[: at + 1].count(each.label)})")
        if labels.count(each.label) > 1
        else each
        for at, each in enumerate(found)
    ]


def open_subject(argument: str) -> Subject:
    """Open a folder, a file, or `zoo:NAME`; raises as `open_subjects` does."""
    path = Path(argument)
    if not path.is_dir():
        genotype = resolve(argument)
        folder = path.parent if path.is_file() else None
        return Subject("genotype", genotype.name, folder, genotype)
    label = path.resolve().name
    if (path / "config.json").is_file():
        return _run(path, label)
    if (path / SCORES).is_file():
        return _evaluation(path, label)
    if any(is_label_map(file) for file in path.iterdir()):
        return Subject("predictions", label, path)
    raise RunError(
        f"{path}: nothing to report: neither a run (config.json), nor an evaluation ({SCORES}),"
        " nor a folder of label maps"
    )


def _run(path: Path, label: str) -> Subject:
    folder = RunFolder.open(path)
    genotype = load(folder.genotype_path) if folder.genotype_path.is_file() else None
    diary = tuple(read_events(folder.events_path))
    if (path / TASK).is_file():
        scores = evaluation_folder(path) / SCORES
        evaluation = read_evaluation(scores) if scores.is_file() else None
        return Subject("training", label, path, genotype, diary, evaluation=evaluation)
    if not any(event["kind"] == "search" for event in diary):
        raise RunError(f"{path}: nothing to report: neither a search nor a training began in it")
    trust = folder.read(path / TRUST, Trust) if (path / TRUST).is_file() else None
    return Subject("search", label, path, genotype, diary, trust)


def _evaluation(path: Path, label: str) -> Subject:
    """Open scores; they know the id of their genotype, and it lies in the folder above."""
    evaluation = read_evaluation(path / SCORES)
    document = path.resolve().parent / "genotype.json"
    genotype = load(document) if document.is_file() else None
    if genotype is not None and genotype.id != evaluation.summary.genotype:
        genotype = None
    return Subject("evaluation", label, path, genotype, evaluation=evaluation)


def read_evaluation(path: Path) -> Evaluation:
    """Read what `uxnet evaluate` wrote.

    Raises:
        RunError: The file cannot be read, or is not that.
    """
    try:
        found = Evaluation.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        raise RunError(f"{path}: {first_defect(error)}") from None
    dice = [one.dice for case in found.cases for one in case.scores.values()]
    if not dice or not all(case.scores for case in found.cases):
        raise RunError(f"{path}: no scores in it, or a case without any")
    if not all(0 <= each <= 1 for each in (found.summary.dice, *dice)):
        raise RunError(f"{path}: a Dice in it is not between 0 and 1")
    return found
