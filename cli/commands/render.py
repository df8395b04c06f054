"""`uxnet render`: a drawing of a genotype."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from ..options import themed


@click.command("render")
@click.argument("genotype")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where to; .svg, .pdf, .png or .gv.",
)
@click.option("--pruned", is_flag=True, help="Draw what the search cut, too, in grey.")
@click.option(
    "--supernet",
    "of_supernet",
    is_flag=True,
    help="Draw every edge as thick as its gate is strong, and the shares of all candidates.",
)
@click.option(
    "--detail",
    type=click.Choice(["stages", "nodes", "ops"]),
    default="nodes",
    show_default=True,
    help="A box for each cell, each node, or each stretch of ops of the compiled network.",
)
@themed("paper")
def command(
    genotype: str,
    out: Path,
    pruned: bool,
    of_supernet: bool,
    detail: Literal["stages", "nodes", "ops"],
    theme: str,
) -> None:
    """Draw a genotype: columns are stages, rows are levels, the finest on top.

    GENOTYPE is a file, the folder of a run, or zoo:NAME for a bundled one. .pdf and .png need the
    program Graphviz; the same genotype makes the same bytes.
    """
    from uxnet_compiler.pictures import render
    from uxnet_compiler.pictures.supernet import render_supernet
    from uxnet_compiler.zoo import resolve

    if Path(genotype).is_dir():
        genotype = str(Path(genotype) / "genotype.json")
    if of_supernet:
        if pruned or detail != "nodes":
            raise click.UsageError("--supernet draws all there is; drop --pruned and --detail")
        render_supernet(resolve(genotype), out, theme=theme, source=genotype)
        click.echo(str(out))
        return
    render(resolve(genotype), out, pruned=pruned, detail=detail, theme=theme, source=genotype)
    click.echo(str(out))
