"""Is what a search finds better than U-Net, and than chance?

    python benchmarks/search.py SET --work WORK

SET is `lesions` or `vessels` (made-up images) or `hippocampus`, task 4 of the Medical Segmentation
Decathlon, found in the folder that UXNET_TEST_DATA names. What the searches find is trained for the
same time as U-Nets and, on made-up images, where scale matters, random genotypes, and measured on
the cases that no search and no training saw. WORK keeps every search and training: what is there is
not made again, so that seeds may be added later. The defaults of `uxnet search` were chosen on
searches of hippocampus with the seeds 0 to 3; the seeds here are others. The tables go to
`benchmarks/results/search-SET.md`, the numbers to the JSON file beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from search_study import (
    DEFAULT,
    SETS,
    config_of,
    images,
    networks,
    searches,
    seeds_option,
    trainings,
    write,
)

from uxnet_compiler.cli.progress import Display
from uxnet_compiler.cli.stopping import end_stopped
from uxnet_compiler.errors import UxnetError
from uxnet_compiler.schema import Genotype, load
from uxnet_compiler.search.trust.gap import random_like
from uxnet_compiler.spaces import FAMILIES
from uxnet_compiler.studies.step import PlainStep, SearchStep, Step, Study
from uxnet_compiler.studies.work import run_study

PLAIN = "unet"
RANDOM = "random"


@dataclass(frozen=True)
class Setting:
    """Minutes of each search and training, channels at the finest level, and what is compared."""

    search: float
    train: float
    width: int
    others: tuple[str, ...] = (PLAIN, RANDOM)


SETTINGS = {
    "hippocampus": Setting(search=10, train=15, width=16, others=(PLAIN,)),
    "lesions": Setting(search=10, train=5, width=8),
    "vessels": Setting(search=10, train=5, width=8),
}


@click.command()
@click.argument("kind", metavar="SET", type=click.Choice(SETS))
@click.option("--work", type=click.Path(path_type=Path), required=True)
@seeds_option
def main(*, kind: str, work: Path, seeds: tuple[int, ...]) -> None:
    """Do what is missing in WORK and write the tables."""
    setting = SETTINGS[kind]
    data, out = images(kind, work), work / f"search-{kind}"
    study = plan(data, seeds, setting)
    if not run_study(study, out, Display):
        end_stopped()
    if RANDOM in setting.others and not run_study(chance(study, out, seeds, setting), out, Display):
        end_stopped()
    tables = [
        searches(out, (DEFAULT,), seeds),
        networks(out, (DEFAULT, *setting.others), seeds, setting.train),
    ]
    write(tables, "search", kind, f"Searches: {kind}")


def plan(data: Path, seeds: Sequence[int], setting: Setting) -> Study:
    """Return searches, the plain U-Net, and their trainings."""
    budget = {"minutes": setting.search}
    steps: list[Step] = []
    for seed in seeds:
        name = f"{DEFAULT}-{seed}"
        config = config_of(setting.width, {**budget, "seed": seed})
        steps.append(SearchStep(name=f"{name}/search", data="data", config=config))
        steps += trainings(name, f"{name}/search", seed, setting.train)
    plain = config_of(setting.width, budget)
    steps.append(PlainStep(name=f"{PLAIN}/genotype", data="data", config=plain))
    for seed in seeds:
        steps += trainings(f"{PLAIN}-{seed}", f"{PLAIN}/genotype", seed, setting.train)
    return Study(tuple(steps), {"data": data})


def chance(study: Study, out: Path, seeds: Sequence[int], setting: Setting) -> Study:
    """Add random genotypes to a finished study.

    They are of the space that was searched, each with about as many edges as the search of its seed
    found.
    """
    drawn: dict[str, Genotype] = {}
    steps: list[Step] = []
    for seed in seeds:
        name, found = f"{RANDOM}-{seed}", load(out / f"{DEFAULT}-{seed}/search/genotype.json")
        assert found.space is not None
        space = FAMILIES[found.space.family].space(found.space)
        drawn[name] = random_like(space, found.architecture, seed)
        steps += trainings(name, f"given/{name}", seed, setting.train)
    return Study((*study.steps, *steps), study.data, drawn)


if __name__ == "__main__":
    try:
        main()
    except UxnetError as error:
        sys.exit(str(error))
