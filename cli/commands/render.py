"""`uxnet render`: a drawing of a genotype."""

from __future__ import annotations

from pathlib import Path

import click


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
def command(genotype: str, out: Path, pruned: bool) -> None:
    """Draw a genotype: columns are stages, rows are levels, the finest on top.

    GENOTYPE is a file, or zoo:NAME for a bundled one. All but .gv needs the program Graphviz; the
    same genotype makes the same bytes.
    """
    from uxnet_compiler.pictures import render
    from uxnet_compiler.zoo import resolve

    render(resolve(genotype), out, pruned=pruned, source=genotype)
    click.echo(str(out))
