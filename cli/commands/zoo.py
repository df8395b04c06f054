"""`uxnet zoo`: the bundled genotypes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import size_option, strides_option, widths_option
from ..quantities import short
from .show import show

if TYPE_CHECKING:
    from uxnet_compiler.overview import Overview


@click.group("zoo")
def command() -> None:
    """List, show and copy the bundled genotypes.

    Every command that takes a GENOTYPE also takes zoo:NAME.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """List the bundled genotypes."""
    from uxnet_compiler.overview import overview
    from uxnet_compiler.zoo import zoo

    found = {entry.name: (entry.family, overview(entry.genotype())) for entry in zoo().values()}
    if as_json:
        fields = {"id", "spatial_dims", "widths", "strides", "params", "macs", "image_size"}
        rows = [
            {"name": name, "family": family, "origin": each.provenance.origin}
            | each.model_dump(mode="json", include=fields)
            for name, (family, each) in found.items()
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        _print_table(found)


def _print_table(found: dict[str, tuple[str, Overview]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from uxnet_compiler.ops import spell

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("name", style="bold", no_wrap=True)
    table.add_column("family", no_wrap=True)
    for name in ("axes", "levels", "params", "MACs"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what it is")
    for name, (family, each) in found.items():
        table.add_row(
            name,
            family,
            f"{each.spatial_dims}-D",
            str(len(each.widths)),
            short(each.params),
            short(each.macs),
            each.provenance.origin,
        )
    console = Console(markup=False, emoji=False, highlight=False)
    console.print(table)
    sizes = sorted({each.image_size for _, each in found.values()}, key=len, reverse=True)
    console.print(f"\nMACs for one image of {' or '.join(map(spell, sizes))}", style="dim")


@command.command("show")
@click.argument("name")
@size_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show_(name: str, size: tuple[int, ...] | None, as_json: bool) -> None:
    """Show the nodes and edges of a bundled genotype, as `uxnet show` does."""
    from uxnet_compiler.zoo import zoo

    show(zoo()[name].genotype(), size, as_json=as_json)


@command.command("copy")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--in-channels", type=click.IntRange(1), help="Channels of your images.")
@click.option("--out-channels", type=click.IntRange(2), help="Your classes, background included.")
@widths_option
@strides_option
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def copy(
    name: str,
    file: Path,
    in_channels: int | None,
    out_channels: int | None,
    widths: tuple[int, ...] | None,
    strides: tuple[tuple[int, ...], ...] | None,
    force: bool,
) -> None:
    """Copy a bundled genotype to FILE, fitted to your data.

    The architecture stays, its frame changes: it is decoded again in the space it comes from.
    """
    from uxnet_compiler.errors import RunError
    from uxnet_compiler.schema import dump
    from uxnet_compiler.zoo import fit, zoo

    if file.exists() and not force:
        raise RunError(f"{file}: exists already; --force overwrites it")
    fitted = fit(
        zoo()[name].genotype(),
        in_channels=in_channels,
        out_channels=out_channels,
        widths=widths,
        strides=strides,
    )
    dump(fitted, file)
    click.echo(f"{file}: {fitted.name}, {fitted.id[:12]}")
