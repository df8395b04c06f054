"""`uxnet phantom`: a data set of made-up patients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..quantities import FiniteRange

if TYPE_CHECKING:
    from uxnet_compiler.data.phantom import Layout


@click.command("phantom")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--cases", type=click.IntRange(1, 10_000), default=8, show_default=True, help="How many."
)
@click.option(
    "--size",
    type=click.IntRange(1, 1024),
    nargs=3,
    default=(48, 48, 48),
    show_default=True,
    metavar="D H W",
    help="Voxels per axis; a D of 1 makes 2-D images.",
)
@click.option(
    "--spacing",
    type=FiniteRange(0.01, 100),
    nargs=3,
    default=(1.5, 1.0, 1.0),
    show_default=True,
    metavar="D H W",
    help="Distance of voxels in mm.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="1 for a T1-like channel, 2 for a T2-like one as well.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Which ones."
)
@click.option(
    "--layout",
    type=click.Choice(("decathlon", "pictures")),
    default="decathlon",
    show_default=True,
    help="pictures: 2-D PNG files in images/, and their masks in masks/.",
)
@click.option(
    "--scene",
    type=click.Choice(("mixed", "organ", "lesions", "vessels")),
    default="mixed",
    show_default=True,
    help="What is asked for: everything, or one thing. Lesions and vessels are a few voxels wide,"
    " among others that only size and surroundings tell apart.",
)
def command(
    *,
    out: Path,
    cases: int,
    size: tuple[int, int, int],
    spacing: tuple[float, float, float],
    channels: int,
    seed: int,
    layout: Layout,
    scene: str,
) -> None:
    """Write a data set of made-up patients, to try things out.

    OUT is a new folder, in the layout of the Medical Segmentation Decathlon unless --layout says
    otherwise. The images show an
    organ with a core, a vessel and small lesions; the same options give the same bytes.
    """
    from rich.console import Console
    from rich.progress import Progress

    from uxnet_compiler.data.phantom import write_phantom

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("drawing", total=cases)
        write_phantom(
            out,
            cases=cases,
            size=size,
            spacing=spacing,
            channels=channels,
            seed=seed,
            layout=layout,
            scene=scene,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    click.echo(out)
