"""`uxnet report`: all that is known of a genotype or a run, as one page."""

from __future__ import annotations

from pathlib import Path

import click

from ..options import cache_option, size_option


@click.command("report")
@click.argument("subjects", nargs=-1, required=True, metavar="RUN|GENOTYPE...")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Where to.  [default: report.html in the folder of a single run, else in this one]",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data set, to look at the worst, the median and the best of the cases.",
)
@click.option(
    "--names",
    is_flag=True,
    help="Call cases by their names, which may be private, instead of numbers.",
)
@size_option
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@cache_option
def command(
    *,
    subjects: tuple[str, ...],
    out: Path | None,
    data: Path | None,
    names: bool,
    size: tuple[int, ...] | None,
    show: bool,
) -> None:
    """Write a page that shows architecture, costs, course, scores and origin.

    Each argument is a genotype (a file, or zoo:NAME for a bundled one), or the folder of a search,
    a training, an evaluation, or of label maps that `uxnet predict` wrote; several are compared.
    The page is one file, loads nothing and sends nothing. With --data it holds slices of images:
    mind to whom you give it.
    """
    from uxnet_compiler.pages.report import write_report

    from ..progress import Display

    out = _default(subjects) if out is None else out
    with Display() as display:
        write_report(subjects, out, data=data, names=names, size=size, observer=display)
    click.echo(str(out))
    if show:
        import webbrowser

        if not webbrowser.open(out.resolve().as_uri()):
            click.echo(f"no browser was found here; open {out}", err=True)


def _default(subjects: tuple[str, ...]) -> Path:
    folder = Path(subjects[0])
    return (folder if len(subjects) == 1 and folder.is_dir() else Path()) / "report.html"
