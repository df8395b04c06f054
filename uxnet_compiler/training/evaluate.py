"""Measure a trained network on cases with a reference, at their original grid."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from uxnet_compiler.data.dataset import Case, Dataset
from uxnet_compiler.data.fingerprint import read_case
from uxnet_compiler.errors import DataError
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.folder import dump_json
from uxnet_compiler.runs.observer import Observer
from uxnet_compiler.runtimes import Wanted
from uxnet_compiler.training.predict import prepare, segment
from uxnet_compiler.training.scores import Score, score
from uxnet_compiler.training.task import open_same, read_split
from uxnet_compiler.training.trained import TrainedRun


class LabelMean(BaseModel):
    """Means of one label over all cases.

    Attributes:
        label: Its name.
        dice: Mean Dice.
        nsd: Mean normalised surface Dice.
        hd95_mm: Mean over the cases that have a distance; None when none has.
        without_distance: Cases where only the segmentation or only the reference has the label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    dice: float
    nsd: float
    hd95_mm: float | None
    without_distance: int


class Summary(BaseModel):
    """An evaluation in a few numbers; `dice`, `nsd` and `hd95_mm` are means over the labels.

    `runtime` says what ran the network and in which precision, such as `torch bfloat16`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    genotype: str
    num_cases: int
    held_out: bool
    runtime: str
    tta: bool
    tolerance_mm: float
    dice: float
    nsd: float
    hd95_mm: float | None
    labels: tuple[LabelMean, ...]


class CaseScores(BaseModel):
    """The scores of one case, by name of the label."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    scores: dict[str, Score]

    @property
    def dice(self) -> float:
        """Mean Dice over the labels."""
        return fmean(one.dice for one in self.scores.values())


class Evaluation(BaseModel):
    """All scores of an evaluation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: Summary
    cases: tuple[CaseScores, ...]

    def worst(self, count: int) -> list[CaseScores]:
        """Return the cases with the lowest mean Dice, the worst first."""
        return sorted(self.cases, key=lambda case: (case.dice, case.id))[:count]


def evaluate(  # noqa: PLR0913 (each is an option of the command)
    run: Path,
    data: Path,
    *,
    cases: Sequence[str] | None = None,
    tolerance_mm: float = 1.0,
    tta: bool = False,
    device: str = "auto",
    runtime: Wanted = "torch",
    out: Path | None = None,
    observer: Observer | None = None,
) -> Evaluation:
    """Segment cases of a data set, compare with their references, and keep the scores.

    `cases.csv` and `scores.json` in the folder hold every score.

    Args:
        run: Folder of a training.
        data: Data set with the same channels and labels; masks of pictures may lack classes.
        cases: Ids, none for all; when not given, the cases the run held out, or all when it held
            none out.
        tolerance_mm: For the surface Dice.
        tta: Average over flips.
        device: `auto`, `cpu`, `cuda` ...
        runtime: `torch`, `onnx`, `openvino`, or `auto` for the fastest.
        out: Folder for the scores; `evaluation` in the run's when not given.
        observer: Hears how far it is.

    Raises:
        RunError: The run cannot be used, or the memory is too small.
        DataError: The data set or a case cannot be used.
        BackendError: The runtime cannot be used.
    """
    observer = observer or Observer()
    trained = TrainedRun.open(run)
    dataset = open_same(trained.task, data)
    held_out = read_split(trained.folder).held_out
    chosen = _choose(dataset, cases if cases is not None else held_out)
    out = evaluation_folder(run) if out is None else out
    segmenter, used = prepare(trained, runtime, device, tta=tta, observer=observer)
    observer.phase("evaluating")
    found: list[CaseScores] = []
    for case in chosen:
        image, truth = read_case(dataset, case)
        room = trained.footprint(image, runtime).fits()
        labels = segment(segmenter, image, trained, out if room.disk_bytes else None)
        scores = {
            name: score(labels, truth, value, image.spacing, tolerance_mm)
            for value, name in enumerate(trained.task.foreground, start=1)
        }
        found.append(CaseScores(id=case.id, scores=scores))
        mean = fmean(one.dice for one in found)
        observer.tick(len(found) / len(chosen), cases=len(found), dice=mean)
    summary = _summarise(
        found,
        trained,
        held_out=bool(held_out) and {case.id for case in chosen} <= set(held_out),
        runtime=str(used),
        tta=tta,
        tolerance_mm=tolerance_mm,
    )
    evaluation = Evaluation(summary=summary, cases=tuple(found))
    write_text(out / "scores.json", dump_json(evaluation))
    write_text(out / "cases.csv", _table(evaluation))
    return evaluation


def evaluation_folder(run: Path) -> Path:
    """Return where the scores of a run go unless another folder is asked for."""
    return run / "evaluation"


def _choose(dataset: Dataset, ids: Sequence[str]) -> list[Case]:
    by_id = {case.id: case for case in dataset.cases}
    missing = sorted(set(ids) - by_id.keys())
    if missing:
        raise DataError(
            f"{dataset.root}: has no case {missing[0]!r}"
            + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else "")
            + "; --cases says which ones to take"
        )
    return [by_id[name] for name in sorted(set(ids))] or list(dataset.cases)


def _summarise(
    cases: Sequence[CaseScores],
    trained: TrainedRun,
    *,
    held_out: bool,
    runtime: str,
    tta: bool,
    tolerance_mm: float,
) -> Summary:
    means = tuple(
        _mean(name, [case.scores[name] for case in cases]) for name in trained.task.foreground
    )
    distances = [mean.hd95_mm for mean in means if mean.hd95_mm is not None]
    return Summary(
        genotype=trained.genotype.id,
        num_cases=len(cases),
        held_out=held_out,
        runtime=runtime,
        tta=tta,
        tolerance_mm=tolerance_mm,
        dice=fmean(mean.dice for mean in means),
        nsd=fmean(mean.nsd for mean in means),
        hd95_mm=fmean(distances) if distances else None,
        labels=means,
    )


def _mean(name: str, scores: Sequence[Score]) -> LabelMean:
    distances = [one.hd95_mm for one in scores if one.hd95_mm is not None]
    return LabelMean(
        label=name,
        dice=fmean(one.dice for one in scores),
        nsd=fmean(one.nsd for one in scores),
        hd95_mm=fmean(distances) if distances else None,
        without_distance=len(scores) - len(distances),
    )


def _table(evaluation: Evaluation) -> str:
    """Write the scores as CSV, one line per case and label; no distance is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("case", "label", "dice", "nsd", "hd95_mm"))
    for case in evaluation.cases:
        for name, one in case.scores.items():
            distance = "" if one.hd95_mm is None else f"{one.hd95_mm:.6f}"
            writer.writerow((case.id, name, f"{one.dice:.6f}", f"{one.nsd:.6f}", distance))
    return text.getvalue()
