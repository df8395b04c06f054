"""`uxnet reproduce`: the tables of the paper, as far as the data are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..options import seed_option, study_options
from ..studies import carry_out


@click.command("reproduce")
@click.argument("what", type=click.Choice(("table2",)))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder that holds Task01_BrainTumour, Task02_Heart ..., ISIC.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for all runs.")
@click.option("--tasks", metavar="NAME,NAME,...", help="These tasks alone, by folder name.")
@click.option("--with-unet", is_flag=True, help="Train the U-Net of the same frame, too.")
@seed_option
@study_options
def command(
    *,
    what: str,
    data: Path,
    out: Path,
    tasks: str | None,
    with_unet: bool,
    folds: int | None,
    fold: tuple[int, ...] | None,
    dry_run: bool,
    as_json: bool,
    **budget: Any,
) -> None:
    """Search and cross-validate the Decathlon's tasks, beside the published figures.

    table2 is UXNet's comparison on brain, heart, prostate and skin lesions (ISIC); the other tasks
    are done alike. Each task that is in --data has a recipe; options win over it. What it will take
    is told first. Ctrl-C stops cleanly, and the same command goes on.
    """
    from uxnet_compiler.runs.config import make_config
    from uxnet_compiler.studies.budget import Overrides
    from uxnet_compiler.studies.reproduction import reproduction

    planned = reproduction(
        data,
        make_config(Overrides, None, budget),
        tasks=tuple(tasks.split(",")) if tasks else (),
        folds=folds,
        fold=fold,
        with_unet=with_unet,
    )
    if planned.absent:
        click.echo(f"absent: {', '.join(planned.absent)}", err=True)
    carry_out(
        planned.study,
        out,
        lambda: planned.table(out),
        name=what,
        dry_run=dry_run,
        as_json=as_json,
    )
