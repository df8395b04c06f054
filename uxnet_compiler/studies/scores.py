"""Collect what the evaluations of a study measured, pooled over folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.compiler import network_cost
from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import load
from uxnet_compiler.training.evaluate import Evaluation, Summary


@dataclass(frozen=True)
class Pooled:
    """Means over all cases of some folds, as if they were evaluated together.

    Attributes:
        dice: Mean of the labels.
        labels: Dice by label.
        folds: Mean Dice of each evaluation.
        num_cases: Cases of all.
    """

    dice: float
    labels: dict[str, float]
    folds: tuple[float, ...]
    num_cases: int


@dataclass(frozen=True)
class Size:
    """What a network costs: parameters, and multiply-accumulates for its reference size."""

    params: int
    macs: int


def pooled(out: Path, evaluations: Sequence[str]) -> Pooled:
    """Pool evaluations of the same data set; every case weighs the same.

    Raises:
        RunError: A result cannot be read, or the labels differ.
    """
    summaries = [_summary(out / name) for name in evaluations]
    names = [label.label for label in summaries[0].labels]
    for name, summary in zip(evaluations, summaries, strict=True):
        if [label.label for label in summary.labels] != names:
            raise RunError(f"{out / name}: its labels are not {', '.join(names)}")
    total = sum(summary.num_cases for summary in summaries)
    labels = {
        name: sum(s.num_cases * s.labels[index].dice for s in summaries) / total
        for index, name in enumerate(names)
    }
    folds = tuple(summary.dice for summary in summaries)
    return Pooled(sum(labels.values()) / len(labels), labels, folds, total)


def size(out: Path, step: str) -> Size:
    """Return what the genotype of a step costs.

    Raises:
        GenotypeError: The document is not sound.
    """
    cost = network_cost(load(RunFolder(out / step).genotype_path).architecture)
    return Size(cost.params, cost.macs)


def _summary(folder: Path) -> Summary:
    run = RunFolder(folder)
    return run.read(folder / "scores.json", Evaluation).summary
