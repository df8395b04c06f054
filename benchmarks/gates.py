"""How should a search decide which edges stay? The same searches, decided in four forms.

    python benchmarks/gates.py SET --work WORK

SET is `short`, `lesions` or `vessels` (made-up images) or `hippocampus`, task 4 of the Medical
Segmentation Decathlon, found in the folder that UXNET_TEST_DATA names. Each form searches for as
many steps with each seed; what it finds is trained for the same time and measured on the cases that
no search and no training saw. Two jobs run at a time, each on a thread of its own. WORK keeps every
search and training: what is there is not made again. The tables go to
`benchmarks/results/gates-SET.md`, the numbers to the JSON file beside it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import click
from search_study import (
    DEFAULT,
    SETS,
    config_of,
    images,
    kept,
    networks,
    searches,
    seeds_option,
    summary,
    trainings,
    write,
)

from uxnet_compiler.cli.progress import Display
from uxnet_compiler.cli.quantities import FiniteRange
from uxnet_compiler.cli.stopping import end_stopped
from uxnet_compiler.errors import UxnetError
from uxnet_compiler.runs.folder import RunFolder
from uxnet_compiler.schema import load
from uxnet_compiler.search.config import SearchConfig
from uxnet_compiler.search.trust.agreement import agreement
from uxnet_compiler.studies.crew import Crew
from uxnet_compiler.studies.fan_out import fan_out
from uxnet_compiler.studies.outlook import outlook
from uxnet_compiler.studies.step import SearchStep, Step, Study
from uxnet_compiler.studies.table import Cell, Column, Table

SHORT = "short"
CREW = Crew(workers=2)

LEARNED = "learned"
PAPER = "paper"
FORMS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    LEARNED: {"evidence": "learned"},
    "pressed": {"evidence": "learned", "pressure": 0.02},
    PAPER: {"evidence": "learned", "gates": "plain"},
}
"""Edges are decided by what the trained supernet loses without them; by relative gates as they
end, without and with pressure on them; by the gates of the paper as they end."""


@dataclass(frozen=True)
class Setting:
    """Steps and levels of each search, minutes of each training."""

    steps: int
    levels: int
    train: float


SETTINGS = {
    "hippocampus": Setting(steps=160, levels=4, train=4),
    # Three levels learn sooner: with four, 600 steps are too few to find vessels.
    "lesions": Setting(steps=900, levels=3, train=5),
    "vessels": Setting(steps=900, levels=3, train=5),
}
WIDTH = 8


@click.command()
@click.argument("kind", metavar="SET", type=click.Choice((SHORT, *SETS)))
@click.option("--work", type=click.Path(path_type=Path), required=True)
@seeds_option
@click.option(
    "--minutes",
    type=FiniteRange(min=0, min_open=True),
    help="Of each training, where a slow processor needs more than those of the set.",
)
def main(*, kind: str, work: Path, seeds: tuple[int, ...], minutes: float | None) -> None:
    """Do what is missing in WORK and write the tables; `short` has ten seeds of its own."""
    data, out = images(kind, work), work / f"gates-{kind}"
    if kind == SHORT:
        short(data, out)
        return
    setting = SETTINGS[kind]
    train = setting.train if minutes is None else minutes
    own = [form for form in FORMS if form != LEARNED]
    run(steps_of(own, seeds, setting, train), data, out)
    for seed in seeds:
        decide_again(out / f"{DEFAULT}-{seed}" / "search", out / f"{LEARNED}-{seed}" / "search")
    run(steps_of(FORMS, seeds, setting, train), data, out)
    tables = [searches(out, list(FORMS), seeds), networks(out, list(FORMS), seeds, train)]
    options = () if minutes is None else (f"--minutes {minutes:g}",)
    write(tables, "gates", kind, f"How edges are decided: {kind}", options)


def short(data: Path, out: Path) -> None:
    """Search ten times for a few steps: is the output connected, and how many edges stay?"""
    forms, seeds = (DEFAULT, PAPER), range(10)
    steps = [
        SearchStep(
            name=f"{form}-{seed}",
            data="data",
            config=config_of(WIDTH, {**FORMS[form], "steps": 200, "seed": seed}),
        )
        for form in forms
        for seed in seeds
    ]
    run(steps, data, out)
    rows: list[tuple[Cell, ...]] = []
    for form in forms:
        runs = [out / f"{form}-{seed}" for seed in seeds]
        shares = [kept(load(folder / "genotype.json")) for folder in runs]
        repaired = [summary(folder).repaired for folder in runs]
        agreed = agreement(runs)
        rows.append(
            (
                form,
                repaired.count(0),
                min(shares),
                fmean(shares),
                max(shares),
                agreed.gates,
                agreed.edges,
            )
        )
    heads = (
        *("form", "of 10 not repaired", "fewest edges", "mean", "most"),
        *("Jaccard: gates", "Jaccard: edges"),
    )
    table = Table(
        title="Ten searches of 200 steps",
        columns=tuple(Column(head=head) for head in heads),
        rows=tuple(rows),
        notes=(
            "Made-up images of 32^3 voxels, four levels, 8 channels.",
            "Edges: those of the genotype, divided by the gates of the space.",
        ),
    )
    write([table], "gates", SHORT, "Short searches")


def steps_of(
    forms: Iterable[str], seeds: Sequence[int], setting: Setting, minutes: float
) -> list[Step]:
    """Return the searches of some forms, and the trainings of what they find."""
    searching: list[Step] = []
    training: list[Step] = []
    for seed in seeds:
        for form in forms:
            name, budget = f"{form}-{seed}", {"steps": setting.steps, "levels": setting.levels}
            config = config_of(WIDTH, {**FORMS[form], **budget, "seed": seed})
            searching.append(SearchStep(name=f"{name}/search", data="data", config=config))
            training += trainings(name, f"{name}/search", seed, minutes)
    return [*searching, *training]


def run(steps: Sequence[Step], data: Path, out: Path) -> None:
    """Do what is missing; a stop ends the program."""
    study = Study(tuple(steps), {"data": data})
    with Display() as display:
        expected = outlook(study, out, display, threads=CREW.threads)
        hours = {one.step.name: one.hours for one in expected}
        if not fan_out(study, out, CREW, display, hours):
            end_stopped()


def decide_again(search: Path, learned: Path) -> None:
    """Copy a search as it was after its last step, to be resumed and decided by its gates.

    The supernet is trained alike in both forms; measuring comes after the last checkpoint.
    """
    if learned.exists():
        return
    draft = RunFolder(learned.with_name("copying"))  # a copy that was stopped is no search
    shutil.rmtree(draft.path, ignore_errors=True)
    shutil.copytree(search, draft.path, ignore=shutil.ignore_patterns("summary.json"))
    config = draft.read(draft.config_path, SearchConfig).model_copy(update=FORMS[LEARNED])
    draft.write(draft.config_path, config)
    draft.path.rename(learned)


if __name__ == "__main__":
    try:
        main()
    except UxnetError as error:
        sys.exit(str(error))
