"""Sweeps: the same search or training for many seeds, folds and genotypes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uxnet_compiler.errors import RunError
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.studies.budget import Overrides, changed, chosen_folds
from uxnet_compiler.studies.scores import pooled, size
from uxnet_compiler.studies.step import GIVEN, EvaluateStep, SearchStep, Step, Study, TrainStep
from uxnet_compiler.studies.table import Cell, Column, Table
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.zoo import PREFIX, resolve

DATA = "data"
SEARCHED = "searched"

Seed = Annotated[int, Field(ge=0, lt=2**31)]


class SweepConfig(BaseModel):
    """What a sweep goes through; each trial is one seed, one fold and one network.

    Attributes:
        data: The data set; from the file's own folder, when it is in a file.
        seeds: Of searches and trainings.
        folds: Split the cases in so many folds; none: search and train on all cases.
        fold: Those that are held out in turn; all when not given.
        genotypes: Train these (files or zoo:NAME); files from the file's own folder, too.
        search: How to search; with the defaults when there are no genotypes.
        train: How to train; a sweep without it ends with the searches' genotypes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path | None = None
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=1000)] = (0,)
    folds: Annotated[int, Field(ge=2, le=100)] | None = None
    fold: tuple[Annotated[int, Field(ge=0, le=99)], ...] | None = None
    genotypes: tuple[str, ...] = ()
    search: SearchConfig | None = None
    train: TrainConfig | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.fold is not None and self.folds is None:
            raise ValueError("fold: needs folds, the number of folds to split into")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: one of them is there twice")
        return self


@dataclass(frozen=True)
class Trial:
    """One line of the table: a network, a seed, a fold, and the names of its steps."""

    network: str
    seed: int
    fold: int | None
    genotype: str
    evaluation: str | None


@dataclass(frozen=True)
class Sweep:
    """Trials, and the study that they are."""

    study: Study
    trials: tuple[Trial, ...]

    def table(self, out: Path) -> Table:
        """Collect a row for each trial, and the mean and deviation of each network.

        Raises:
            RunError: A result cannot be read.
        """
        rows: list[tuple[Cell, ...]] = []
        dice: dict[str, list[float]] = {}
        for trial in self.trials:
            found = load(RunFolder(out / trial.genotype).genotype_path)
            score = 100 * pooled(out, [trial.evaluation]).dice if trial.evaluation else None
            if score is not None:
                dice.setdefault(trial.network, []).append(score)
            params = size(out, trial.genotype).params / 1e6
            rows.append((trial.network, trial.seed, trial.fold, found.id[:12], params, score))
        heads = ("network", "seed", "fold", "genotype", "M params", "Dice %")
        return Table(
            title=f"Sweep of {len(self.trials)} trials",
            columns=tuple(Column(head=head) for head in heads),
            rows=tuple(rows),
            notes=tuple(_spread(network, values) for network, values in dice.items()),
        )


def named(texts: Sequence[str]) -> list[tuple[str, Genotype]]:
    """Read genotypes, and give each a short name of its own for folders and tables.

    Raises:
        GenotypeError: A file is no sound genotype.
        UnknownNameError: The zoo has no such name.
    """
    found: dict[str, Genotype] = {}
    for text in texts:
        stem = Path(text.removeprefix(PREFIX)).name.removesuffix(".json")
        name = re.sub(r"[^\w.+-]", "-", stem).lstrip(".+-") or "genotype"
        while name in {*found, SEARCHED}:
            name += "-again"
        found[name] = resolve(text)
    return list(found.items())


def overridden(config: SweepConfig, overrides: Overrides) -> SweepConfig:
    """Return the sweep with other budgets and another device; a budget asks for its job."""
    search, train = config.search, config.train
    if overrides.search_steps or overrides.search_minutes or not config.genotypes:
        search = search or SearchConfig()
    if overrides.train_steps or overrides.train_minutes:
        train = train or TrainConfig()
    changes = {
        "search": search and overrides.search(search),
        "train": train and overrides.train(train),
    }
    return config.model_copy(update=changes)


def sweep(data: Path, config: SweepConfig, genotypes: Sequence[tuple[str, Genotype]]) -> Sweep:
    """Plan a sweep.

    Args:
        data: The data set.
        config: Of the sweep.
        genotypes: The documents that it names, by a short name of each.

    Raises:
        RunError: There is no such fold, or genotypes are given and no way to train them.
    """
    if genotypes and config.train is None:
        raise RunError("genotypes are to be trained: say how, with train: or --train-steps")
    folds = (None,) if config.folds is None else chosen_folds(config.folds, config.fold)
    networks = [name for name, _ in genotypes]
    if config.search is not None:
        networks = [SEARCHED, *networks]
    steps: list[Step] = []
    trials = []
    for network in networks:
        for fold in folds:
            for seed in config.seeds:
                own, trial = _trial(config, network, seed, fold)
                steps += own
                trials.append(trial)
    return Sweep(Study(tuple(steps), {DATA: data}, dict(genotypes)), tuple(trials))


def _trial(
    config: SweepConfig, network: str, seed: int, fold: int | None
) -> tuple[list[Step], Trial]:
    where = f"{network}/seed-{seed}" if fold is None else f"{network}/fold-{fold}/seed-{seed}"
    part = {"seed": seed, "folds": config.folds, "fold": fold or 0}
    steps: list[Step] = []
    genotype = f"{GIVEN}/{network}"
    if network == SEARCHED and config.search is not None:
        genotype = f"{where}/search"
        search = changed(config.search, **part)
        steps.append(SearchStep(name=genotype, data=DATA, config=search))
    evaluation = None
    if config.train is not None:
        train = changed(config.train, **part)
        training = f"{where}/training"
        steps.append(TrainStep(name=training, data=DATA, genotype=genotype, config=train))
        if fold is not None:
            evaluation = f"{where}/evaluation"
            steps.append(
                EvaluateStep(
                    name=evaluation,
                    data=DATA,
                    training=training,
                    tta=train.mirror,
                    device=train.device,
                )
            )
    return steps, Trial(network, seed, fold, genotype, evaluation)


def _spread(network: str, dice: Sequence[float]) -> str:
    mean = f"{network}: mean Dice {fmean(dice):.2f} %"
    if len(dice) == 1:
        return mean
    return f"{mean}, standard deviation {stdev(dice):.2f} over {len(dice)} trials"
