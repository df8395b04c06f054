"""What the benchmarks of searches share: their images, their trainings and their tables."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import click

from uxnet_compiler.data.phantom import write_phantom
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import SearchSummary
from uxnet_compiler.search.trust.agreement import agreement
from uxnet_compiler.search.trust.report import read_trust
from uxnet_compiler.studies.scores import size
from uxnet_compiler.studies.step import EvaluateStep, Step, TrainStep
from uxnet_compiler.studies.table import Cell, Column, Table
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.evaluate import Evaluation, Summary
from uxnet_compiler.training.train import TrainSummary

RESULTS = Path(__file__).parent / "results"
SEARCHED_ON = Path("Task04_Hippocampus")
SETS = ("lesions", "vessels", "hippocampus")
FOLDS = 5

DEFAULT = "default"

seeds_option = click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    default=(4, 5, 6),
    show_default=True,
    help="Of searches and trainings; may be repeated.",
)


def images(kind: str, work: Path) -> Path:
    """Return the folder of the data set, made if need be."""
    if kind == "hippocampus":
        if "UXNET_TEST_DATA" not in os.environ:
            raise click.UsageError(f"UXNET_TEST_DATA has to name the folder of {SEARCHED_ON}")
        return Path(os.environ["UXNET_TEST_DATA"]) / SEARCHED_ON
    data = work / f"images-{kind}"
    if not data.exists():
        scene = "mixed" if kind == "short" else kind
        # Small images, so that ten minutes are steps enough: on lesions the first 450 find nothing.
        write_phantom(data, cases=12 if kind == "short" else 240, size=(32, 32, 32), scene=scene)
    return data


def config_of(width: int, options: dict[str, Any]) -> SearchConfig:
    """Return the configuration of a search with so many channels at the finest level."""
    return SearchConfig.model_validate({"folds": FOLDS, "fold": 0, "width": width, **options})


def trainings(name: str, genotype: str, seed: int, minutes: float) -> list[Step]:
    """Return the steps that train and measure a genotype."""
    config = TrainConfig(minutes=minutes, folds=FOLDS, fold=0, seed=seed)
    return [
        TrainStep(name=f"{name}/training", data="data", genotype=genotype, config=config),
        EvaluateStep(name=f"{name}/evaluation", data="data", training=f"{name}/training"),
    ]


def searches(out: Path, forms: Sequence[str], seeds: Sequence[int]) -> Table:
    """Tell what each search found, and how far the seeds of a form agree."""
    rows: list[tuple[Cell, ...]] = []
    for form in forms:
        runs = [out / f"{form}-{seed}" / "search" for seed in seeds]
        agreed = agreement(runs) if len(seeds) > 1 else None
        for seed, run in zip(seeds, runs, strict=True):
            told, gap = summary(run), read_trust(run).gap
            rows.append(
                (
                    f"{form}, seed {seed}",
                    told.steps,
                    told.minutes,
                    kept(load(run / "genotype.json")),
                    told.repaired,
                    None if gap is None else gap.relaxed,
                    None if gap is None else gap.one_hot,
                    None if gap is None else fmean(gap.random),
                    None if agreed is None else agreed.gates,
                    None if agreed is None else agreed.edges,
                    None if agreed is None else agreed.ops,
                )
            )
    heads = (
        *("search", "steps", "minutes", "edges kept", "repaired", "Dice: mixture", "one-hot"),
        *("random one-hot", "Jaccard: gates", "Jaccard: edges", "ops alike"),
    )
    return Table(
        title="What was found",
        columns=tuple(Column(head=head) for head in heads),
        rows=tuple(rows),
        notes=(
            "Dice with the supernet's weights, on patches of the half that trained no weights.",
            "Edges kept: those of the genotype, divided by the gates of the space.",
            "Of each pair of seeds: Jaccard of open gates, and of edges in the networks.",
            "Ops alike: of the choices that both networks of a pair have.",
        ),
    )


def networks(out: Path, groups: Sequence[str], seeds: Sequence[int], minutes: float) -> Table:
    """Tell how good the networks are after so many minutes of training."""
    rows: list[tuple[Cell, ...]] = []
    for group in groups:
        names = [f"{group}-{seed}" for seed in seeds]
        scores = [scores_of(out / name / "evaluation") for name in names]
        trained = [RunFolder(out / name / "training") for name in names]
        costs = [size(out, f"{name}/training") for name in names]
        dice = [each.dice for each in scores]
        labels = {
            label.label: fmean(each.labels[place].dice for each in scores)
            for place, label in enumerate(scores[0].labels)
        }
        far = [each.hd95_mm for each in scores if each.hd95_mm is not None]
        rows.append(
            (
                group,
                fmean(cost.params for cost in costs) / 1e6,
                fmean(cost.macs for cost in costs) / 1e9,
                round(fmean(steps_of(folder) for folder in trained)),
                fmean(dice),
                stdev(dice) if len(seeds) > 1 else None,
                ", ".join(f"{each:.4f}" for each in dice),
                ", ".join(f"{name} {value:.4f}" for name, value in labels.items()),
                fmean(each.nsd for each in scores),
                fmean(far) if far else None,
            )
        )
    digits = {"Dice": 4, "deviation": 4, "NSD": 4}
    heads = (
        *("network", "M params", "GMAC", "steps", "Dice", "deviation", "each", "by label", "NSD"),
        "HD95, mm",
    )
    return Table(
        title="What it is worth",
        columns=tuple(Column(head=head, digits=digits.get(head, 2)) for head in heads),
        rows=tuple(rows),
        notes=(
            (
                f"Means over {len(seeds)} seeds (of search and training, or of training alone);"
                f" every network is trained for {minutes:g} minutes under one recipe."
            ),
            "Held-out cases at the original voxels, mean over cases and labels; NSD within 1 mm.",
        ),
    )


def scores_of(folder: Path) -> Summary:
    """Return what an evaluation measured."""
    return RunFolder(folder).read(folder / "scores.json", Evaluation).summary


def summary(run: Path) -> SearchSummary:
    """Return the summary of a search."""
    return RunFolder(run).read(run / "summary.json", SearchSummary)


def steps_of(folder: RunFolder) -> int:
    """Return the steps of a training."""
    return folder.read(folder.summary_path, TrainSummary).steps


def kept(genotype: Genotype) -> float:
    """Return the part of the gates that are edges of the genotype."""
    assert genotype.evidence is not None
    gates = genotype.evidence.gates
    return len({edge.key for edge in genotype.architecture.edges} & gates.keys()) / len(gates)


def write(
    tables: Sequence[Table], script: str, kind: str, title: str, options: Sequence[str] = ()
) -> None:
    """Print the tables of a benchmark and write them."""
    called = " ".join((f"python benchmarks/{script}.py {kind} --work WORK", *options))
    command = f"    {called}\n"
    pages = [table.markdown().replace("# ", "## ", 1) for table in tables]
    text = "\n".join([f"# {title}\n", command, *pages])
    print(text)
    write_text(RESULTS / f"{script}-{kind}.md", text)
    numbers = [table.model_dump(mode="json") for table in tables]
    write_text(RESULTS / f"{script}-{kind}.json", json.dumps(numbers, indent=2) + "\n")
