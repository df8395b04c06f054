"""`uxnet diff`: what differs between two architectures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from uxnet_compiler.diff import Line

SUFFIXES = {
    ".txt": "text",
    ".json": "json",
    ".md": "markdown",
}
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
    help="Write here instead of to stdout.",
)
@click.option("--git", "for_git", is_flag=True, help="Answer git as its external diff driver.")
def command(
    genotypes: tuple[str, ...], format_: str | None, out: Path | None, for_git: bool
) -> None:
    """Tell what differs between the architectures of two genotypes, A and B.

    A and B are files, or zoo:NAME for bundled ones. Names, evidence and provenance of the
    documents, the order in their files and parts without effect do not count.

    The exit code is 0 when both have the same id, 1 when they differ, and 2 when a file cannot be
    read. With --git it is always 0, as git wants it.
    """
    from uxnet_compiler.diff import diff, to_lines, to_markdown
    from uxnet_compiler.errors import UxnetError
    from uxnet_compiler.zoo import resolve

    if for_git:
        _answer_git(genotypes, other_options=bool(format_ or out))
        return
    if len(genotypes) != 2:
        raise click.UsageError(f"give two genotypes, A and B; these are {len(genotypes)}")
    format_ = format_ or _format_of(out)
    try:
        before, after = map(resolve, genotypes)
    except UxnetError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    found = diff(before, after)
    if format_ == "text" and out is None:
        _print(to_lines(found, *genotypes))
    else:
        texts = {
            "text": lambda: "".join(f"{line.text}\n" for line in to_lines(found, *genotypes)),
            "json": lambda: found.model_dump_json(indent=2) + "\n",
            "markdown": lambda: to_markdown(found),
        }
        _write(texts[format_](), out)
    sys.exit(0 if found.relation == "same" else 1)


def _format_of(out: Path | None) -> str:
    if out is None:
        return "text"
    if out.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"{out}: say which --format to write, or use {', '.join(SUFFIXES)}")
    return SUFFIXES[out.suffix.lower()]


def _write(text: str, out: Path | None) -> None:
    from uxnet_compiler.files import write_text

    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
        click.echo(out, err=True)


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
