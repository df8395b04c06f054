"""Search in several forms with several seeds, train what is found, and compare.

    python benchmarks/search.py SET --work WORK

SET is `short`, `lesions` or `vessels` (made-up images) or `hippocampus`, task 4 of the Medical
Segmentation Decathlon, found in the folder that UXNET_TEST_DATA names. Each form searches with each
seed; what it finds, U-Nets and random genotypes are trained for the same time and measured on the
cases that no search and no training saw. WORK keeps every search and training: what is there is
not made again, so that seeds and forms may be added later. The defaults of `uxnet search` were
chosen on searches of hippocampus with the seeds 0 to 3; the seeds here are others. The tables go to
`benchmarks/results/search-SET.md`, the numbers to the JSON file beside it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import click

from uxnet_compiler.cli.progress import Display
from uxnet_compiler.data.phantom import write_phantom
from uxnet_compiler.errors import UxnetError
from uxnet_compiler.files import write_text
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.search import SearchSummary
from uxnet_compiler.search.trust.agreement import agreement
from uxnet_compiler.search.trust.gap import random_like
from uxnet_compiler.search.trust.report import read_trust
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.studies.scores import size
from uxnet_compiler.studies.step import (
    EvaluateStep,
    PlainStep,
    SearchStep,
    Step,
    Study,
    TrainStep,
)
from uxnet_compiler.studies.table import Cell, Column, Table
from uxnet_compiler.studies.work import run_study
from uxnet_compiler.training.config import TrainConfig
from uxnet_compiler.training.evaluate import Evaluation, Summary
from uxnet_compiler.training.train import TrainSummary

RESULTS = Path(__file__).parent / "results"
SEARCHED_ON = Path("Task04_Hippocampus")
SETS = ("short", "lesions", "vessels", "hippocampus")
FOLDS = 5

DEFAULT = "default"

OTHERS: dict[str, dict[str, Any]] = {
    "learned": {"evidence": "learned"},
    "pressed": {"evidence": "learned", "pressure": 0.02},
    "paper": {"evidence": "learned", "gates": "plain"},
}
"""How else edges can be decided: by relative gates as they end, without and with pressure on them;
by the gates of the paper as they end."""

RANDOM = "random"
PLAIN = "unet"


@dataclass(frozen=True)
class Setting:
    """Minutes of each search and training, and channels at the finest level."""

    search: float
    train: float
    width: int


SETTINGS = {
    "hippocampus": Setting(search=10, train=15, width=16),
    "lesions": Setting(search=10, train=5, width=8),
    "vessels": Setting(search=10, train=5, width=8),
}


@click.command()
@click.argument("kind", metavar="SET", type=click.Choice(SETS))
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option(
    "--others",
    default=",".join((RANDOM, *OTHERS)),
    show_default=True,
    help="What the default form and U-Net are compared with: random genotypes, other forms.",
)
@click.option("--seeds", default="4,5,6", show_default=True, help="Of searches and trainings.")
def main(
    *,
    kind: str,
    work: Path,
    others: str,
    seeds: str,
) -> None:
    """Do what is missing in WORK and write the tables; `short` has seeds and forms of its own."""
    names = listed(others, (RANDOM, *OTHERS), "--others")
    numbers = [int(seed) for seed in listed(seeds, map(str, range(1000)), "--seeds")]
    if not numbers:
        raise click.UsageError("--seeds: at least one is needed")
    data = images(kind, work)
    if kind == "short":
        short(data, work / kind)
        return
    study = plan(data, numbers, SETTINGS[kind])
    if not run_study(study, work / kind, Display):
        return
    study = compared(study, work / kind, names, numbers, SETTINGS[kind])
    if run_study(study, work / kind, Display):
        report(kind, work / kind, names, numbers)


def listed(text: str, known: Iterable[str], option: str) -> list[str]:
    """Return the names between commas, all of them known."""
    names, allowed = [name for name in text.split(",") if name], set(known)
    for name in names:
        if name not in allowed:
            raise click.UsageError(f"{option}: there is no {name!r}")
    return names


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


def short(data: Path, out: Path) -> None:
    """Search ten times for a few steps: is the output connected, and how many edges stay?"""
    forms = {DEFAULT: {}, "paper": OTHERS["paper"]}
    steps = tuple(
        SearchStep(
            name=f"{form}-{seed}",
            data="data",
            config=SearchConfig.model_validate({**options, "steps": 200, "width": 8, "seed": seed}),
        )
        for form, options in forms.items()
        for seed in range(10)
    )
    if not run_study(Study(steps, {"data": data}), out, Display):
        return
    rows: list[tuple[Cell, ...]] = []
    for form in forms:
        found = [summary(out / f"{form}-{seed}") for seed in range(10)]
        shares = [kept(load(out / f"{form}-{seed}" / "genotype.json")) for seed in range(10)]
        rows.append(
            (
                form,
                sum(each.repaired == 0 for each in found),
                min(shares),
                fmean(shares),
                max(shares),
                agreement([out / f"{form}-{seed}" for seed in range(10)]).edges,
            )
        )
    heads = ("form", "of 10 not repaired", "fewest edges", "mean", "most", "Jaccard")
    table = Table(
        title="Ten searches of 200 steps",
        columns=tuple(Column(head=head) for head in heads),
        rows=tuple(rows),
        notes=(
            "Made-up images of 32^3 voxels, four levels, 8 channels.",
            "Edges: those of the genotype, divided by the gates of the space.",
        ),
    )
    write([table], "short", "Short searches")


def plan(data: Path, seeds: Sequence[int], setting: Setting) -> Study:
    """Return searches by default, the plain U-Net, and their trainings."""
    steps: list[Step] = []
    for seed in seeds:
        name = f"{DEFAULT}-{seed}"
        config = config_of(setting, {"minutes": setting.search, "seed": seed})
        steps.append(SearchStep(name=f"{name}/search", data="data", config=config))
        steps += trainings(name, f"{name}/search", seed, setting)
    plain = config_of(setting, {"minutes": setting.search})
    steps.append(PlainStep(name=f"{PLAIN}/genotype", data="data", config=plain))
    for seed in seeds:
        steps += trainings(f"{PLAIN}-{seed}", f"{PLAIN}/genotype", seed, setting)
    return Study(tuple(steps), {"data": data})


def compared(
    study: Study, out: Path, others: Sequence[str], seeds: Sequence[int], setting: Setting
) -> Study:
    """Add what a finished study is compared with: other forms, and random genotypes.

    Other forms train the supernet for as many steps; the default one goes on and measures.
    Random genotypes are of the space that was searched, each with about as many edges as the search
    of its seed found.
    """
    searched = {seed: out / f"{DEFAULT}-{seed}" / "search" for seed in seeds}
    drawn: dict[str, Genotype] = {}
    steps: list[Step] = []
    for form in others:
        for seed, run in searched.items():
            name = f"{form}-{seed}"
            if form == RANDOM:
                found = load(run / "genotype.json")
                assert found.space is not None
                space = FAMILIES[found.space.family].space(found.space)
                drawn[name] = random_like(space, found.architecture, seed)
                steps += trainings(name, f"given/{name}", seed, setting)
                continue
            options = {**OTHERS[form], "steps": summary(run).steps, "seed": seed}
            steps.append(
                SearchStep(name=f"{name}/search", data="data", config=config_of(setting, options))
            )
            steps += trainings(name, f"{name}/search", seed, setting)
    return Study((*study.steps, *steps), study.data, drawn)


def config_of(setting: Setting, options: dict[str, Any]) -> SearchConfig:
    """Return the configuration of a search."""
    shared = {"folds": FOLDS, "fold": 0, "width": setting.width}
    return SearchConfig.model_validate({**shared, **options})


def trainings(name: str, genotype: str, seed: int, setting: Setting) -> list[Step]:
    """Return the steps that train and measure a genotype."""
    config = TrainConfig(minutes=setting.train, folds=FOLDS, fold=0, seed=seed)
    return [
        TrainStep(name=f"{name}/training", data="data", genotype=genotype, config=config),
        EvaluateStep(name=f"{name}/evaluation", data="data", training=f"{name}/training"),
    ]


def report(kind: str, out: Path, others: Sequence[str], seeds: Sequence[int]) -> None:
    """Write both tables."""
    forms = (DEFAULT, *(form for form in others if form != RANDOM))
    groups = (DEFAULT, PLAIN, *others)
    write([searches(out, forms, seeds), networks(out, groups, seeds)], kind, f"Searches: {kind}")


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
                    None if agreed is None else agreed.edges,
                    None if agreed is None else agreed.ops,
                )
            )
    heads = (
        *("search", "steps", "minutes", "edges kept", "repaired", "Dice: mixture", "one-hot"),
        *("random one-hot", "seeds: Jaccard", "seeds: ops alike"),
    )
    return Table(
        title="What was found",
        columns=tuple(Column(head=head) for head in heads),
        rows=tuple(rows),
        notes=(
            "Dice with the supernet's weights, on patches of the half that trained no weights.",
            "Edges kept: those of the genotype, divided by the gates of the space.",
        ),
    )


def networks(out: Path, groups: Sequence[str], seeds: Sequence[int]) -> Table:
    """Tell how good the networks are after training for the same time."""
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
                " every network is trained for the same time under one recipe."
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


def write(tables: Sequence[Table], name: str, title: str) -> None:
    """Print the tables and write them."""
    command = f"    python benchmarks/search.py {name} --work WORK\n"
    pages = [table.markdown().replace("# ", "## ", 1) for table in tables]
    text = "\n".join([f"# {title}\n", command, *pages])
    print(text)
    write_text(RESULTS / f"search-{name}.md", text)
    numbers = [table.model_dump(mode="json") for table in tables]
    write_text(RESULTS / f"search-{name}.json", json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except UxnetError as error:
        sys.exit(str(error))
