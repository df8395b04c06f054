"""`uxnet train`: weights for a genotype."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uxnet_compiler.machine.launch import place
from uxnet_compiler.training.config import TrainConfig

from ..options import cache_option, config_options
from ..quantities import counted

if TYPE_CHECKING:
    from uxnet_compiler.training.train import Result


@click.command("train")
@click.argument("genotype", required=False)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the run.")
@click.option("--resume", is_flag=True, help="Go on with the stopped run in --out.")
@click.option(
    "--from-weights",
    type=click.Path(path_type=Path),
    metavar="FILE.safetensors",
    help="Start from these weights instead of fresh ones.",
)
@cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@config_options(TrainConfig)
def command(
    genotype: str | None,
    data: Path | None,
    out: Path | None,
    resume: bool,
    from_weights: Path | None,
    as_json: bool,
    config_file: Path | None,
    print_config: bool,
    **given: Any,
) -> None:
    """Train the network of a genotype on a data set.

    GENOTYPE is a file, or zoo:NAME for a bundled one; DATA is a folder in the layout of the
    Medical Segmentation Decathlon, or one of pictures in images/ and masks in masks/. Ctrl-C stops
    cleanly (exit code 130): the run can be used as it is, or resumed. The folder can be given to
    uxnet evaluate, predict and compile.
    """
    from uxnet_compiler.runs.config import dump_config, make_config

    config = make_config(TrainConfig, config_file, given)
    if print_config:
        click.echo(dump_config(config), nl=False)
        return
    if genotype is None or data is None or out is None:
        raise click.UsageError("GENOTYPE, DATA and --out are needed")
    from uxnet_compiler.training.train import train
    from uxnet_compiler.zoo import resolve

    from ..progress import Display
    from ..stopping import end_stopped

    found = resolve(genotype)
    with Display() as display:
        result = train(
            found, data, out, config, observer=display, resume=resume, weights=from_weights
        )
    here = place()
    if here.is_first:
        _tell(result, as_json=as_json)
    if not result.summary.complete:
        end_stopped("the same command with --resume", told=here.is_first)


def _tell(result: Result, *, as_json: bool) -> None:
    summary = result.summary
    if as_json:
        click.echo(summary.model_dump_json(indent=2))
    else:
        steps = counted(summary.steps, "step")
        click.echo(f"{result.folder.path}: {steps} in {summary.minutes:g} minutes")
        if summary.dice is not None:
            labels = ", ".join(f"{name} {value:.4f}" for name, value in summary.labels.items())
            click.echo(f"held-out Dice {summary.dice:.4f} ({labels})")
