"""`uxnet evaluate`: how good is a trained network?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import cache_option, device_option, runtime_option, tta_option
from ..quantities import FiniteRange

if TYPE_CHECKING:
    from uxnet_compiler.runtimes import Wanted
    from uxnet_compiler.training.evaluate import Evaluation

WORST = 5


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--cases",
    metavar="ID,ID,...",
    help="Cases to take, or `all`; otherwise those that the run held out, or all if none.",
)
@click.option(
    "--tolerance",
    type=FiniteRange(0, 1000),
    default=1.0,
    show_default=True,
    help="Distance in mm at which two surfaces count as the same.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for all scores.  [default: RUN/evaluation]",
)
@tta_option
@device_option
@runtime_option
@cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    run: Path,
    data: Path,
    cases: str | None,
    tolerance: float,
    out: Path | None,
    tta: bool,
    device: str,
    runtime: Wanted,
    as_json: bool,
) -> None:
    """Compare what a trained network finds with the reference, at the original voxels.

    RUN is a folder that uxnet train wrote, DATA a data set with the same channels and labels.
    Measured are Dice, normalised surface Dice (NSD) and the 95th percentile of the Hausdorff
    distance (HD95). A label that neither has counts as 1, 1 and 0 mm; one that only one has as 0,
    0 and no distance. All scores are kept in scores.json and cases.csv in the folder --out.
    """
    from uxnet_compiler.training.evaluate import evaluate, evaluation_folder

    from ..progress import Display

    out = evaluation_folder(run) if out is None else out
    chosen = None if cases is None else [] if cases == "all" else cases.split(",")
    with Display() as display:
        found = evaluate(
            run,
            data,
            cases=chosen,
            tolerance_mm=tolerance,
            tta=tta,
            device=device,
            runtime=runtime,
            out=out,
            observer=display,
        )
    if as_json:
        click.echo(found.summary.model_dump_json(indent=2))
    else:
        _print(found, out)


def _print(found: Evaluation, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    summary = found.summary
    kind = "held-out cases" if summary.held_out else "cases"
    table = Table(title=f"{summary.num_cases} {kind}")
    table.add_column("label")
    for name in ("Dice", f"NSD {summary.tolerance_mm:g} mm", "HD95 mm", "without HD95"):
        table.add_column(name, justify="right")
    for one in summary.labels:
        row = f"{one.dice:.4f}", f"{one.nsd:.4f}", _distance(one.hd95_mm)
        table.add_row(one.label, *row, str(one.without_distance))
    table.add_section()
    mean = f"{summary.dice:.4f}", f"{summary.nsd:.4f}", _distance(summary.hd95_mm)
    table.add_row("mean", *mean, "")
    worst = Table(title="worst cases")
    worst.add_column("case")
    for name in found.cases[0].scores:
        worst.add_column(f"Dice {name}", justify="right")
    for case in found.worst(WORST):
        worst.add_row(case.id, *(f"{one.dice:.4f}" for one in case.scores.values()))
    console = Console()
    console.print(table, worst)
    click.echo(f"all scores: {out}", err=True)


def _distance(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
