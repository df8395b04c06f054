"""`uxnet gallery`: a site of many genotypes."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("gallery")
@click.argument("folder", type=click.Path(path_type=Path), required=False, metavar="[DIR]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where to; an earlier gallery there is replaced.",
)
@click.option("--zoo", is_flag=True, help="Show the bundled genotypes, too.")
def command(folder: Path | None, out: Path, zoo: bool) -> None:
    """Make a site of all genotypes in a folder: cards to filter, drawings, comparisons.

    DIR is searched with all folders in it; of the folder of a run its genotype counts. Open
    index.html of the site in a browser: it needs neither a server nor a network.
    """
    from uxnet_compiler.errors import GenotypeError
    from uxnet_compiler.pages.gallery import (
        exhibits,
        in_folder,
        in_zoo,
        require_room,
        write_gallery,
    )

    from ..progress import Display

    if folder is None and not zoo:
        raise click.UsageError("name a folder with genotypes, or --zoo")
    require_room(out)
    sources = in_zoo() if zoo else []
    refused: list[str] = []
    if folder is not None:
        found, refused = in_folder(folder, without=out)
        sources += found
    for line in refused:
        click.echo(line, err=True)
    if refused:
        files = "1 file is" if len(refused) == 1 else f"{len(refused)} files are"
        click.echo(f"{files} no genotype and left out", err=True)
    if not sources:
        raise GenotypeError(str(folder), [("", "no genotype in this folder (*.json)")])
    shown = exhibits(sources)
    with Display() as display:
        write_gallery(shown, out, display)
    click.echo(out / "index.html")
