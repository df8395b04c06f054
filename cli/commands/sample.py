"""`uxnet sample`: a random genotype of a search space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..options import strides_option, widths_option
from ..quantities import FiniteRange


@click.command("sample")
@click.option("--space", default="uxnet", show_default=True, help="Family of the search space.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Which one."
)
@click.option(
    "--tau",
    type=FiniteRange(0, 1),
    default=0.5,
    show_default=True,
    help="Uniform random gates below this are cut.",
)
@click.option("--spatial-dims", type=click.Choice(["2", "3"]), default="3", show_default=True)
@click.option("--in-channels", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--out-channels",
    type=click.IntRange(2),
    default=2,
    show_default=True,
    help="Classes, background included.",
)
@widths_option
@strides_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write; stdout when not given."
)
def command(
    *,
    space: str,
    seed: int,
    tau: float,
    spatial_dims: str,
    in_channels: int,
    out_channels: int,
    widths: tuple[int, ...] | None,
    strides: tuple[tuple[int, ...], ...] | None,
    output: Path | None,
) -> None:
    """Draw a random genotype: the baseline that every search has to beat."""
    from uxnet_compiler.schema import SpaceRef, dump, dumps
    from uxnet_compiler.spaces import FAMILIES

    dims = int(spatial_dims)
    levels = len(strides or widths or (0,) * 4)
    options: dict[str, Any] = {
        "spatial_dims": dims,
        "in_channels": in_channels,
        "out_channels": out_channels,
        "widths": list(widths or (16 * 2**level for level in range(levels))),
        "strides": [list(s) for s in strides or ((1,) * dims, *((2,) * dims,) * (levels - 1))],
    }
    family = FAMILIES[space]
    ref = SpaceRef(family=family.name, version=family.version, options=options)
    genotype = family.sample(family.space(ref, source="options"), seed, tau=tau)
    if output is None:
        click.echo(dumps(genotype), nl=False)
    else:
        dump(genotype, output)
        click.echo(output)
