"""What a report shows of one subject, and the table that sets several side by side."""

from __future__ import annotations

from dataclasses import dataclass

from uxnet_compiler.pages.report.architecture import Architecture, Pairs
from uxnet_compiler.pages.report.believed import Belief
from uxnet_compiler.pages.report.charts import Chart
from uxnet_compiler.pages.report.facts import Cell, number
from uxnet_compiler.pages.report.overlays import Overlay
from uxnet_compiler.pages.report.reel import Reel
from uxnet_compiler.pages.report.scored import Scores
from uxnet_compiler.pages.report.subject import Subject
from uxnet_compiler.wording import one_line, short


@dataclass(frozen=True)
class Chapter:
    """All that a report shows of one subject; what there is nothing of is empty."""

    subject: Subject
    kind: str
    label: str
    architecture: Architecture | None
    charts: list[Chart]
    reel: Reel | None
    belief: Belief | None
    scores: Scores | None
    overlays: list[Overlay]
    config: Pairs


def labels_of(chapters: list[Chapter]) -> list[str]:
    """Return the names of all labels that any of them was scored on."""
    found: dict[str, None] = {}
    for chapter in chapters:
        if chapter.subject.evaluation is not None:
            found |= dict.fromkeys(one.label for one in chapter.subject.evaluation.summary.labels)
    return list(found)


def heads_of(chapters: list[Chapter]) -> list[str]:
    """Return the heads of the table that has a row for each subject."""
    return [
        "name",
        "kind",
        "parameters",
        "MACs",
        "image",
        "nodes",
        "edges",
        "Dice",
        *(f"Dice {one_line(label, 40)}" for label in labels_of(chapters)),
    ]


def row_of(chapter: Chapter, labels: list[str]) -> list[Cell]:
    """Return costs and scores of one subject; `labels` are those of `labels_of`."""
    none = number(-1, "")
    costs: list[Cell] = [none, none, "", none, none]
    if chapter.architecture is not None:
        found = chapter.architecture.overview
        costs = [
            number(found.params, short(found.params)),
            number(found.macs, short(found.macs)),
            "x".join(map(str, found.image_size)),
            number(len(found.nodes), str(len(found.nodes))),
            number(len(found.edges), str(len(found.edges))),
        ]
    return [chapter.label, chapter.kind.lower(), *costs, *_dice(chapter, labels)]


def _dice(chapter: Chapter, labels: list[str]) -> list[Cell]:
    evaluation = chapter.subject.evaluation
    known = {} if evaluation is None else {one.label: one.dice for one in evaluation.summary.labels}
    mean = chapter.scores.dice if chapter.scores is not None else None
    return [
        number(-1, "") if value is None else number(value, f"{value:.4f}")
        for value in (mean, *(known.get(label) for label in labels))
    ]
