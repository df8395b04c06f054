"""`uxnet film`: a search as a moving picture."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import themed
from ..quantities import FiniteRange


@click.command("film")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Where to; .gif, or .png for an animated PNG.",
)
@themed("slides")
@click.option(
    "--seconds",
    type=FiniteRange(1, 120),
    default=10,
    show_default=True,
    help="How long the search takes in the film; its end is held for two more.",
)
def command(run: Path, out: Path, theme: str, seconds: float) -> None:
    """Show a search over time: lines thicken and fade, bars grow, and then it is decided.

    RUN is the folder of a search. Each frame is what it believed after some steps, with loss and
    Dice below; the last one shows what it kept. Needs the program Graphviz.
    """
    from uxnet_compiler.pictures.animation import animate, most_frames, require_format
    from uxnet_compiler.pictures.film import read_film

    from ..progress import Display

    require_format(out)
    film = read_film(run, most=most_frames(seconds))
    with Display() as display:
        display.phase(f"drawing {len(film.frames)} frames")
        animate(film, out, seconds=seconds, theme=theme, source=str(run), told=display.tick)
    click.echo(str(out))
