"""`uxnet ablate`: which half of the search helps?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..options import seed_option, study_options
from ..studies import carry_out

FOLDS = 5


@click.command("ablate")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for all runs.")
@click.option(
    "--search-config",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    help="How to search, as `uxnet search --print-config` prints it.",
)
@click.option(
    "--train-config",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    help="How to train, as `uxnet train --print-config` prints it.",
)
@seed_option
@study_options
def command(
    *,
    data: Path,
    out: Path,
    search_config: Path | None,
    train_config: Path | None,
    folds: int | None,
    fold: tuple[int, ...] | None,
    dry_run: bool,
    as_json: bool,
    **budget: Any,
) -> None:
    """Run the ablation of UXNet's Table 1 on a data set.

    Six networks under one recipe: the plain U-Net; ops searched alone (SBB); edges searched alone
    (MSSA); and both, at the thresholds 0.60, 0.75 and 0.90, which share one search. Fold 0 of 5 is
    held out unless told otherwise. Ctrl-C stops cleanly, and the same command goes on.
    """
    from uxnet_compiler.runs.config import make_config
    from uxnet_compiler.search.config import SearchConfig
    from uxnet_compiler.studies.ablation import ablation
    from uxnet_compiler.studies.budget import Overrides, chosen_folds
    from uxnet_compiler.training.config import TrainConfig

    overrides = make_config(Overrides, None, budget)
    count = folds or FOLDS
    planned = ablation(
        data,
        overrides.search(make_config(SearchConfig, search_config, {})),
        overrides.train(make_config(TrainConfig, train_config, {})),
        folds=count,
        fold=chosen_folds(count, fold or (0,)),
    )
    carry_out(
        planned.study,
        out,
        lambda: planned.table(out),
        name="ablation",
        dry_run=dry_run,
        as_json=as_json,
    )
