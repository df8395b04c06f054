"""The part of a report that shows how good a network is: scores by label and by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from uxnet_compiler.pages.report.architecture import Pairs
from uxnet_compiler.pages.report.facts import Cell, number
from uxnet_compiler.pages.report.strips import Dot, Strip, StripRow, strip
from uxnet_compiler.wording import one_line

if TYPE_CHECKING:
    from uxnet_compiler.training.evaluate import Evaluation

MOST_CASES = 500  # in the table


@dataclass(frozen=True)
class Scores:
    """What a report shows of scores.

    Attributes:
        about: How they came about.
        dice: Mean of all.
        heads: Of the table by label.
        labels: Its rows, the mean of all last.
        strip: Dice of each case by label.
        case_heads: Of the table by case.
        cases: Its rows.
        left_out: Cases that the table has no room for.
    """

    about: Pairs
    dice: float
    heads: list[str]
    labels: list[list[Cell]]
    strip: Strip
    case_heads: list[str]
    cases: list[list[Cell]]
    left_out: int


def scores_of(evaluation: Evaluation, *, names: bool) -> Scores:
    """Gather what a report shows of an evaluation.

    Args:
        evaluation: As `uxnet evaluate` wrote it.
        names: Show the names of the cases, not their numbers.
    """
    summary = evaluation.summary
    called = _called([case.id for case in evaluation.cases], names=names)
    labels: list[list[Cell]] = [
        [one.label, _score(one.dice), _score(one.nsd), _distance(one.hd95_mm)]
        for one in summary.labels
    ]
    mean = [_score(summary.dice), _score(summary.nsd), _distance(summary.hd95_mm)]
    kind = "held out from the training" if summary.held_out else "not all held out"
    shown = [one.label for one in summary.labels]
    return Scores(
        about=[
            ("cases", f"{summary.num_cases}, {kind}"),
            ("computed by", summary.runtime + (", averaged over flips" if summary.tta else "")),
        ],
        dice=summary.dice,
        heads=["label", "Dice", f"NSD at {summary.tolerance_mm:g} mm", "HD95, mm"],
        labels=[*labels, ["mean", *mean]],
        strip=_strip(
            [
                (label, [(called[c.id], c.scores[label].dice) for c in evaluation.cases])
                for label in shown
                if all(label in case.scores for case in evaluation.cases)
            ]
        ),
        case_heads=["case", "mean Dice", *(f"Dice {label}" for label in shown)],
        cases=[
            [
                called[case.id],
                _score(case.dice),
                *(_score(case.scores[label].dice) for label in shown if label in case.scores),
            ]
            for case in sorted(evaluation.cases, key=lambda case: case.dice)[:MOST_CASES]
        ],
        left_out=max(0, len(evaluation.cases) - MOST_CASES),
    )


def predicted_scores(dice: Sequence[tuple[str, float]], *, names: bool) -> Scores:
    """Gather what a report shows of label maps that it compared itself; see `scores_of`."""
    called = _called([name for name, _ in dice], names=names)
    mean = fmean(value for _, value in dice)
    ranked = sorted(dice, key=lambda pair: pair[1])
    return Scores(
        about=[("cases", f"{len(dice)}, compared with their references")],
        dice=mean,
        heads=["label", "Dice"],
        labels=[["mean", _score(mean)]],
        strip=_strip([("mean of the labels", [(called[name], value) for name, value in dice])]),
        case_heads=["case", "mean Dice"],
        cases=[[called[name], _score(value)] for name, value in ranked[:MOST_CASES]],
        left_out=max(0, len(dice) - MOST_CASES),
    )


def _called(ids: Sequence[str], *, names: bool) -> dict[str, str]:
    return {
        name: one_line(name, 80) if names else f"case {at}" for at, name in enumerate(ids, start=1)
    }


def _strip(rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> Strip:
    values = [value for _, pairs in rows for _, value in pairs]
    low = min([*values, 0.9])
    placed = [
        StripRow(
            one_line(label, 24),
            tuple(Dot(value, f"{called}: {value:.4f}") for called, value in pairs),
            mark=fmean(value for _, value in pairs),
        )
        for label, pairs in rows
    ]
    return strip("cases", "Dice of each case", "Dice", placed, limits=(max(0.0, low - 0.03), 1.0))


def _score(value: float) -> Cell:
    return number(value, f"{value:.4f}")


def _distance(value: float | None) -> Cell:
    return number(-1, "none") if value is None else number(value, f"{value:.2f}")
