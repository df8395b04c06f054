"""`uxnet search`: a genotype for a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uxnet_compiler.machine.launch import place
from uxnet_compiler.search.config import SearchConfig

from ..options import LIMIT_TYPES, cache_option, config_options
from ..quantities import counted
from ..seeds import search_with_seeds

if TYPE_CHECKING:
    from uxnet_compiler.search.search import Found


@click.command("search")
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the run.")
@click.option("--resume", is_flag=True, help="Go on with the stopped run in --out.")
@click.option(
    "--seeds",
    type=click.IntRange(2, 1000),
    help="Search with so many seeds, from --seed on; --out then holds a folder for each, how far"
    " they agree, and their consensus as genotype.json. The same command goes on.",
)
@cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@config_options(SearchConfig, LIMIT_TYPES)
def command(
    *,
    data: Path | None,
    out: Path | None,
    resume: bool,
    seeds: int | None,
    as_json: bool,
    config_file: Path | None,
    print_config: bool,
    **given: Any,
) -> None:
    """Search an architecture on a data set.

    DATA is a folder in the layout of the Medical Segmentation Decathlon, or one of pictures in
    images/ and masks in masks/. The folder given by --out holds genotype.json with all evidence
    when the search ends. Ctrl-C stops cleanly (exit code 130): the genotype found so far is
    written, and --resume goes on.
    """
    from uxnet_compiler.runs.config import dump_config, make_config

    config = make_config(SearchConfig, config_file, given)
    if print_config:
        click.echo(dump_config(config), nl=False)
        return
    if data is None or out is None:
        raise click.UsageError("DATA and --out are needed")
    if seeds is not None:
        search_with_seeds(data, out, config, seeds, as_json=as_json)
        return
    from uxnet_compiler.search.search import search

    from ..progress import Display
    from ..stopping import end_stopped

    with Display() as display:
        found = search(data, out, config, observer=display, resume=resume)
    here = place()
    if here.is_first:
        _tell(found, as_json=as_json)
    if not found.summary.complete:
        end_stopped("the same command with --resume", told=here.is_first)


def _tell(found: Found, *, as_json: bool) -> None:
    summary = found.summary
    if as_json:
        click.echo(summary.model_dump_json(indent=2))
    else:
        kept, gated = summary.edges
        repaired = f", {summary.repaired} repaired" if summary.repaired else ""
        click.echo(
            f"{found.folder.genotype_path}: {counted(summary.steps, 'step')} in"
            f" {summary.minutes:g} minutes; {kept} of {gated} edges kept{repaired}"
        )
        if summary.closed or summary.replaced:
            click.echo(
                f"to stay within the limits {counted(summary.closed, 'edge')} closed,"
                f" {counted(summary.replaced, 'op')} replaced"
            )
