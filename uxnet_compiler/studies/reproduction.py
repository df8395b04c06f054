"""Table 2 of UXNet, as far as its data are there: search, cross-validate, compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from uxnet_compiler.errors import DataError
from uxnet_compiler.studies.budget import Overrides, changed, chosen_folds
from uxnet_compiler.studies.published import published
from uxnet_compiler.studies.recipe import Recipe, find_tasks
from uxnet_compiler.studies.scores import Pooled, pooled
from uxnet_compiler.studies.step import (
    EvaluateStep,
    PlainStep,
    SearchStep,
    Step,
    Study,
    TrainStep,
)
from uxnet_compiler.studies.table import Cell, Column, Table
from uxnet_compiler.wording import counted

FOUND, UNET = "searched", "unet"


@dataclass(frozen=True)
class Reproduction:
    """A study of the tasks that are there.

    Attributes:
        study: Of all of them.
        folds: Held out in turn, by task.
        titles: What tables call the tasks that are there.
        absent: Titles of those that are not.
        networks: `searched`, and `unet` when it is trained under the same recipe.
    """

    study: Study
    folds: dict[str, tuple[int, ...]]
    titles: dict[str, str]
    absent: tuple[str, ...]
    networks: tuple[str, ...]

    def table(self, out: Path) -> Table:
        """Put our figures below those that were published.

        Raises:
            RunError: A result cannot be read.
        """
        ours = {
            (network, task): pooled(out, [evaluation(task, network, fold) for fold in folds])
            for network in self.networks
            for task, folds in self.folds.items()
        }
        tasks = list(self.titles)
        rows: list[tuple[Cell, ...]] = []
        for model in published().models:
            cells = [model.dice.get(task) for task in tasks]
            if any(cell is not None for cell in cells):
                rows.append((model.name, *cells, model.source))
        for network in self.networks:
            found = [ours[network, task] for task in tasks]
            rows.append((f"{network}, here", *(100 * one.dice for one in found), self._how()))
            # The search saw the training cases of the first fold, which are others' held-out cases.
            unseen: list[Cell] = [100 * one.folds[0] for one in found]
            rows.append((f"{network}, here, fold unseen by the search", *unseen, "first fold"))
        columns = [Column(head="Dice %"), *(Column(head=self.titles[task]) for task in tasks)]
        return Table(
            title="Table 2 of UXNet, and what is found here",
            columns=(*columns, Column(head="source")),
            rows=tuple(rows),
            notes=(*published().notes, *self._notes(ours)),
        )

    def _how(self) -> str:
        counts = sorted({len(folds) for folds in self.folds.values()})
        return f"mean of all held-out cases; folds: {' or '.join(map(str, counts))}"

    def _notes(self, ours: dict[tuple[str, str], Pooled]) -> list[str]:
        notes = []
        for (network, task), found in ours.items():
            labels = ", ".join(f"{name} {100 * dice:.2f}" for name, dice in found.labels.items())
            notes.append(
                f"{self.titles[task]}, {network}: {labels}; {counted(found.num_cases, 'case')}."
            )
        notes.append(
            "One architecture is searched on the training cases of the first fold. Only this fold's"
            " held-out cases are unseen by the search."
        )
        if self.absent:
            notes.append(f"Absent: {', '.join(self.absent)}.")
        return notes


def reproduction(
    data: Path,
    overrides: Overrides,
    *,
    tasks: Sequence[str] = (),
    folds: int | None = None,
    fold: tuple[int, ...] | None = None,
    with_unet: bool = False,
) -> Reproduction:
    """Plan the recipes of the tasks that are there.

    Args:
        data: Folder that holds the tasks' folders.
        overrides: What wins over the recipes.
        tasks: Take these alone, by the name of their recipe; all that are there when empty.
        folds: Instead of the recipes' count.
        fold: Those that are held out in turn; all when not given.
        with_unet: Train the U-Net of the same frame under the same recipe, too.

    Raises:
        DataError: No task is there, or one that is asked for is not.
        RunError: There is no such fold.
    """
    there = find_tasks(data, tasks)
    for task in tasks:
        if task not in there:
            raise DataError(f"{task}: no recipe has this name; there are {', '.join(there)}")
        if there[task][1] is None:
            raise DataError(f"{data}: has no folder {there[task][0].folder} with a data set in it")
    networks = (FOUND, UNET) if with_unet else (FOUND,)
    steps: list[Step] = []
    held_out: dict[str, tuple[int, ...]] = {}
    places: dict[str, Path] = {}
    for task, (recipe, place) in there.items():
        if place is not None and (not tasks or task in tasks):
            places[task] = place
            count = folds or recipe.folds
            held_out[task] = chosen_folds(count, fold)
            steps += _steps(task, recipe, overrides, count, held_out[task], networks)
    if not places:
        names = ", ".join(recipe.folder for recipe, _ in there.values())
        raise DataError(f"{data}: holds none of {names}")
    return Reproduction(
        Study(tuple(steps), places),
        held_out,
        {task: there[task][0].title for task in places},
        tuple(recipe.title for recipe, place in there.values() if place is None),
        networks,
    )


def evaluation(task: str, network: str, fold: int) -> str:
    """Return the name of the step that measures a network on a fold."""
    return f"{task}/{network}/fold-{fold}/evaluation"


def _steps(
    task: str,
    recipe: Recipe,
    overrides: Overrides,
    count: int,
    folds: tuple[int, ...],
    networks: tuple[str, ...],
) -> list[Step]:
    search = changed(overrides.search(recipe.search), folds=count, fold=folds[0])
    steps: list[Step] = [SearchStep(name=f"{task}/{FOUND}/genotype", data=task, config=search)]
    if UNET in networks:
        steps.append(PlainStep(name=f"{task}/{UNET}/genotype", data=task, config=search))
    for network in networks:
        for fold in folds:
            train = changed(overrides.train(recipe.train), folds=count, fold=fold)
            training = f"{task}/{network}/fold-{fold}/training"
            steps += [
                TrainStep(
                    name=training, data=task, genotype=f"{task}/{network}/genotype", config=train
                ),
                EvaluateStep(
                    name=evaluation(task, network, fold),
                    data=task,
                    training=training,
                    tta=train.mirror,
                    device=train.device,
                ),
            ]
    return steps
