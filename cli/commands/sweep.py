"""`uxnet sweep`: many seeds, folds and genotypes at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..options import seeds_option, study_options
from ..studies import carry_out


@click.command("sweep")
@click.argument("study", type=click.Path(path_type=Path), required=False, metavar="[STUDY.yaml]")
@click.option("--data", type=click.Path(path_type=Path), help="Data set, instead of the file's.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for all runs.")
@seeds_option
@click.option(
    "--genotypes",
    metavar="FILE,zoo:NAME,...",
    help="Train these; without any, searches are swept.",
)
@click.option("--workers", type=click.IntRange(1, 10_000), help="Trials at a time.")
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Of each trial; the same for any number of workers, so that results are the same.",
)
@click.option("--address", help="Of a Ray cluster whose machines share the folders.")
@study_options
def command(
    *,
    study: Path | None,
    data: Path | None,
    out: Path,
    seeds: tuple[int, ...] | None,
    genotypes: str | None,
    workers: int | None,
    threads: int,
    address: str | None,
    folds: int | None,
    fold: tuple[int, ...] | None,
    dry_run: bool,
    as_json: bool,
    **budget: Any,
) -> None:
    """Search or train for many seeds, folds and genotypes, each in a process of its own.

    STUDY.yaml may hold data, seeds, folds, fold, genotypes, search and train; options win over
    it. Ray (pip install 'uxnet-compiler[ray]') hands the trials out, on this machine or on a
    cluster. A trial whose process is lost goes on elsewhere. Ctrl-C stops cleanly, and the same
    command goes on.
    """
    from uxnet_compiler.runs.config import make_config
    from uxnet_compiler.studies.budget import Overrides
    from uxnet_compiler.studies.crew import Crew
    from uxnet_compiler.studies.sweep import SweepConfig, named, overridden, sweep
    from uxnet_compiler.zoo import PREFIX

    given: dict[str, Any] = {
        "data": data,
        "seeds": seeds,
        "folds": folds,
        "fold": fold,
        "genotypes": genotypes.split(",") if genotypes else None,
    }
    overrides = make_config(Overrides, None, budget)
    config = make_config(SweepConfig, study, given)
    if config.data is None:
        raise click.UsageError("--data is needed, or data in STUDY.yaml")
    beside = study.parent if study else Path()
    networks = config.genotypes
    if not genotypes:
        networks = tuple(
            text if text.startswith(PREFIX) else str(beside / text) for text in networks
        )
    planned = sweep(data or beside / config.data, overridden(config, overrides), named(networks))
    carry_out(
        planned.study,
        out,
        lambda: planned.table(out),
        name="sweep",
        dry_run=dry_run,
        as_json=as_json,
        crew=Crew(workers, threads, address),
    )
