"""The ablation of Table 1 of UXNet: which half of the search helps, and at which threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.budget import changed
from uxnet_compiler.studies.published import published
from uxnet_compiler.studies.scores import pooled, size
from uxnet_compiler.studies.step import (
    DeriveStep,
    EvaluateStep,
    PlainStep,
    SearchStep,
    Step,
    Study,
    TrainStep,
)
from uxnet_compiler.studies.table import Column, Table
from uxnet_compiler.training.config import TrainConfig

DATA = "data"


@dataclass(frozen=True)
class Row:
    """One row of the table: what is searched, and the threshold on the gates."""

    name: str
    ops: bool
    edges: bool
    tau: float | None
    search: Literal["sbb", "mssa", "both"] | None


ROWS = (
    Row("none", ops=False, edges=False, tau=None, search=None),
    Row("sbb", ops=True, edges=False, tau=None, search="sbb"),
    Row("mssa", ops=False, edges=True, tau=0.75, search="mssa"),
    Row("both-tau-0.60", ops=True, edges=True, tau=0.6, search="both"),
    Row("both-tau-0.75", ops=True, edges=True, tau=0.75, search="both"),
    Row("both-tau-0.90", ops=True, edges=True, tau=0.9, search="both"),
)
SEARCHED_AT = 0.75


@dataclass(frozen=True)
class Ablation:
    """Six networks on some folds; rows that differ in the threshold alone share a search."""

    study: Study
    folds: tuple[int, ...]

    def table(self, out: Path) -> Table:
        """Collect the results in the form of the paper's table.

        Raises:
            RunError: A result cannot be read.
        """
        scores = {
            row.name: pooled(out, [evaluation(fold, row) for fold in self.folds]) for row in ROWS
        }
        labels = list(scores["none"].labels)
        paper = published().ablation
        rows = []
        for row in ROWS:
            found, cost = scores[row.name], size(out, genotype(self.folds[0], row))
            rows.append(
                (
                    _tick(row.ops),
                    _tick(row.edges),
                    row.tau,
                    100 * found.dice,
                    *(100 * found.labels[label] for label in labels),
                    cost.params / 1e6,
                    cost.macs / 1e9,
                    paper.dice[row.name],
                )
            )
        heads = ("SBB", "MSSA", "tau", "Dice %", *labels, "M params", "GMAC", "paper, brain")
        cases = scores["none"].num_cases
        return Table(
            title="Ablation as in Table 1 of UXNet",
            columns=tuple(Column(head=head) for head in heads),
            rows=tuple(rows),
            notes=(
                (
                    f"Mean Dice of {cases} held-out cases (fold {', '.join(map(str, self.folds))}),"
                    " at the original voxels; all six networks under one recipe."
                ),
                f"Size: of fold {self.folds[0]}, for the network's reference image.",
                f"The last column: {paper.source}.",
            ),
        )


def ablation(
    data: Path,
    search: SearchConfig,
    train: TrainConfig,
    *,
    folds: int,
    fold: Sequence[int],
) -> Ablation:
    """Plan the six rows on the folds; each fold's search sees its training cases alone.

    Args:
        data: The data set.
        search: Of every search; what it searches and where is set here.
        train: Of every training.
        folds: To split the cases into.
        fold: Those that are held out in turn.
    """
    steps: list[Step] = []
    for held_out in fold:
        found = changed(search, folds=folds, fold=held_out, tau=SEARCHED_AT)
        trained = changed(train, folds=folds, fold=held_out)
        steps += [*_genotypes(held_out, found), *_networks(held_out, trained)]
    return Ablation(Study(tuple(steps), {DATA: data}), tuple(fold))


def genotype(fold: int, row: Row) -> str:
    """Return the name of the step that gives a row its genotype."""
    if row.search == "both" and row.tau == SEARCHED_AT:
        return f"fold-{fold}/both/search"
    return f"fold-{fold}/{row.name}/{'search' if row.search in {'sbb', 'mssa'} else 'genotype'}"


def evaluation(fold: int, row: Row) -> str:
    """Return the name of the step that measures a row."""
    return f"fold-{fold}/{row.name}/evaluation"


def _genotypes(fold: int, config: SearchConfig) -> list[Step]:
    steps: list[Step] = [PlainStep(name=genotype(fold, ROWS[0]), data=DATA, config=config)]
    for name, ops, edges in (("sbb", True, False), ("mssa", False, True), ("both", True, True)):
        own = changed(config, search_ops=ops, search_edges=edges)
        steps.append(SearchStep(name=f"fold-{fold}/{name}/search", data=DATA, config=own))
    source = f"fold-{fold}/both/search"
    for row in ROWS:
        if row.search == "both" and row.tau is not None and row.tau != SEARCHED_AT:
            name = genotype(fold, row)
            steps.append(
                DeriveStep(name=name, data=DATA, search=source, tau=row.tau, device=config.device)
            )
    return steps


def _networks(fold: int, config: TrainConfig) -> list[Step]:
    steps: list[Step] = []
    for row in ROWS:
        training = f"fold-{fold}/{row.name}/training"
        steps += [
            TrainStep(name=training, data=DATA, genotype=genotype(fold, row), config=config),
            EvaluateStep(
                name=evaluation(fold, row),
                data=DATA,
                training=training,
                tta=config.mirror,
                device=config.device,
            ),
        ]
    return steps


def _tick(searched: bool) -> str:
    return "yes" if searched else "no"
