"""`uxnet diff`: what differs between two architectures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import themed

if TYPE_CHECKING:
    from uxnet_compiler.diff import Diff, Line
    from uxnet_compiler.schema import Genotype

SUFFIXES = {
    ".txt": "text",
    ".json": "json",
    ".md": "markdown",
    ".html": "html",
    ".svg": "svg",
    ".pdf": "pdf",
    ".png": "png",
    ".gv": "gv",
}
DRAWINGS = ("svg", "pdf", "png", "gv")
STYLES = {
    "removed": "red",
    "added": "green",
    "changed": "yellow",
    "head": "bold",
    "aside": "dim",
    "plain": "",
}


@click.command("diff")
@click.argument("genotypes", metavar="A B", nargs=-1, required=True)
@click.option(
    "--format",
    "format_",
    type=click.Choice(tuple(SUFFIXES.values())),
    help="What to make.  [default: what the suffix of FILE says, else text]",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write here instead of to stdout; pdf and png need it.",
)
@themed("paper")
@click.option("--git", "for_git", is_flag=True, help="Answer git as its external diff driver.")
def command(
    genotypes: tuple[str, ...], format_: str | None, out: Path | None, theme: str, for_git: bool
) -> None:
    """Tell what differs between the architectures of two genotypes, A and B.

    A and B are files, or zoo:NAME for bundled ones. Names, evidence and provenance of the
    documents, the order in their files and parts without effect do not count.

    markdown is for pull requests; html is a page with the drawing, which needs no network; svg,
    pdf, png and gv are the drawing alone, in which --theme counts.

    The exit code is 0 when both have the same id, 1 when they differ, and 2 when a file cannot be
    read or written. With --git it is always 0, as git wants it.
    """
    from uxnet_compiler.diff import diff, to_lines
    from uxnet_compiler.errors import UxnetError, system_error_line
    from uxnet_compiler.zoo import resolve

    if for_git:
        try:
            _answer_git(genotypes, other_options=bool(format_ or out))
        except BrokenPipeError:  # the reader of git's pager has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if len(genotypes) != 2:
        raise click.UsageError(f"give two genotypes, A and B; these are {len(genotypes)}")
    format_ = format_ or _format_of(out)
    if format_ in ("pdf", "png") and out is None:
        raise click.UsageError(f"say where to write the {format_}: -o FILE.{format_}")
    try:
        before, after = map(resolve, genotypes)
        found = diff(before, after)
        if format_ == "text" and out is None:
            _print(to_lines(found, *genotypes))
        elif format_ in DRAWINGS:
            _draw(before, after, found, format_, out, theme)
        else:
            _write(_text(before, after, found, format_, genotypes), out)
    except UxnetError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(system_error_line(error), err=True)
        sys.exit(2)
    sys.exit(0 if found.relation == "same" else 1)


def _format_of(out: Path | None) -> str:
    if out is None:
        return "text"
    if out.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"{out}: say which --format to write, or use {', '.join(SUFFIXES)}")
    return SUFFIXES[out.suffix.lower()]


def _text(
    before: Genotype, after: Genotype, found: Diff, format_: str, names: tuple[str, ...]
) -> str:
    from uxnet_compiler.diff import to_lines, to_markdown

    if format_ == "html":
        from uxnet_compiler.pages.comparison import comparison_page

        return comparison_page(before, after)
    if format_ == "json":
        return found.model_dump_json(indent=2) + "\n"
    if format_ == "markdown":
        return to_markdown(found)
    return "".join(f"{line.text}\n" for line in to_lines(found, *names))


def _draw(
    before: Genotype, after: Genotype, found: Diff, format_: str, out: Path | None, theme: str
) -> None:
    from uxnet_compiler.pictures.dot import to_dot
    from uxnet_compiler.pictures.render import figure_of, save
    from uxnet_compiler.pictures.svg import to_svg
    from uxnet_compiler.pictures.union import union_scene

    figure = figure_of(union_scene(before, after, found), theme)
    if out is None:
        _write(to_svg(figure) if format_ == "svg" else to_dot(figure).source, None)
    elif _format_of(out) != format_:
        raise click.UsageError(f"{out}: give the drawing the suffix .{format_}")
    else:
        save(figure, out)
        click.echo(out)


def _write(text: str, out: Path | None) -> None:
    from uxnet_compiler.files import write_text

    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(out)


def _answer_git(arguments: tuple[str, ...], *, other_options: bool) -> None:
    from uxnet_compiler.diff.git import COUNTS, answer

    if other_options or len(arguments) not in COUNTS:
        raise click.UsageError("--git is for git alone, which gives 7 arguments and no options")
    # Behind a pager stdout is no terminal, but git says that the pager shows to one.
    _print(answer(arguments), for_terminal=os.environ.get("GIT_PAGER_IN_USE") == "true" or None)


def _print(lines: Iterable[Line], *, for_terminal: bool | None = None) -> None:
    from rich.console import Console

    # What a stranger wrote into a document is text, not markup.
    console = Console(
        markup=False, emoji=False, highlight=False, soft_wrap=True, force_terminal=for_terminal
    )
    for line in lines:
        console.print(line.text, style=STYLES[line.kind])
