"""`uxnet consensus`: one genotype from several searches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import themed
from ..quantities import counted

if TYPE_CHECKING:
    from uxnet_compiler.schema import Genotype


@click.command("consensus")
@click.argument("searches", nargs=-1, required=True, metavar="RUN_OR_GENOTYPE...")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE.svg|pdf|png|gv",
    help="Draw gates and choices of all searches side by side.",
)
@themed("paper")
@click.option("--json", "as_json", is_flag=True, help="Print the genotype, with its confidence.")
def command(
    searches: tuple[str, ...],
    output: Path | None,
    picture: Path | None,
    theme: str,
    as_json: bool,
) -> None:
    """Decode the mean evidence of several searches of the same space.

    Each argument is the folder of a search, or a genotype that carries its evidence. They may
    differ in seed and threshold alone, and the consensus keeps the limits that they had. The
    document keeps, per edge and choice, how many of the searches agree.
    """
    from uxnet_compiler.schema import dump, dumps
    from uxnet_compiler.search.budget.consensus import consensus_within

    if output is None and picture is None and not as_json:
        raise click.UsageError("say what to make: -o, --picture or --json")
    found = [_load(text) for text in searches]
    agreed = consensus_within(found)
    if picture is not None:
        from uxnet_compiler.pictures.consensus import draw_consensus

        shown = [(name, each) for name, (_, each) in zip(_names(searches), found, strict=True)]
        draw_consensus(shown, agreed, picture, theme)
        click.echo(picture, err=True)
    if output is not None:
        dump(agreed, output)
    if as_json:
        click.echo(dumps(agreed), nl=False)
    else:
        _print(agreed, output)


def _load(text: str) -> tuple[str, Genotype]:
    from uxnet_compiler.zoo import resolve

    source = str(Path(text) / "genotype.json") if Path(text).is_dir() else text
    return source, resolve(source)


def _names(searches: Sequence[str]) -> list[str]:
    """Return what tells the searches apart: the last parts of their paths, as few as will do."""
    paths = [
        Path(text).resolve() if Path(text).is_dir() else Path(text).with_suffix("")
        for text in searches
    ]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def _print(agreed: Genotype, output: Path | None) -> None:
    assert agreed.evidence is not None
    confidence = agreed.evidence.confidence
    assert confidence is not None
    edges = [share for share in confidence.gates.values() if share in (0, 1)]
    ops = [shares for shares in confidence.choices.values() if len(shares) == 1]
    click.echo(
        f"{counted(confidence.searches, 'search')}: alike on {len(edges)} of"
        f" {counted(len(confidence.gates), 'edge')} and {len(ops)} of"
        f" {counted(len(confidence.choices), 'choice')};"
        f" {counted(len(agreed.architecture.nodes), 'node')} and"
        f" {counted(len(agreed.architecture.edges), 'edge')} kept",
        err=output is not None,
    )
    if output is not None:
        click.echo(output)
