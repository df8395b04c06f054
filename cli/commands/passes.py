"""`uxnet passes`: what the passes of `uxnet compile --passes` do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from uxnet_compiler.passes.description import Description


@click.command("passes")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(name: str | None, as_json: bool) -> None:
    """List the passes in their order, or explain the one called NAME.

    A pass rewrites the graph of a network. `uxnet compile --passes training` runs those after
    which the network can still be trained, `--passes inference` all exact ones, and
    `--passes drop-dead,prune-gates{tau=0.6}` just these, with an option.
    """
    from rich.console import Console

    from uxnet_compiler.passes import PASSES
    from uxnet_compiler.passes.description import describe

    console = Console(markup=False, emoji=False, highlight=False)
    if name is not None:
        found = describe(PASSES[name])
        if as_json:
            click.echo(json.dumps(asdict(found), indent=2))
        else:
            _explain(found, console)
        return
    rows = [describe(each) for each in PASSES.values()]
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _list(rows, console)


def _list(rows: list[Description], console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("pass", style="bold", no_wrap=True)
    table.add_column("what it is for")
    for title in ("trainable", "exact"):
        table.add_column(title, no_wrap=True)
    table.add_column("options", no_wrap=True)
    for row in rows:
        table.add_row(
            row.name,
            row.purpose,
            _word(row.trainable),
            _word(row.exact),
            " ".join(f"{option.name}={option.default}" for option in row.options),
        )
    console.print(table)
    console.print("\ntrainable: training sees the same network; exact: outputs stay", style="dim")


def _word(answer: bool) -> str:
    return "yes" if answer else "no"


def _explain(found: Description, console: Console) -> None:
    from rich.padding import Padding
    from rich.table import Table

    console.print(found.name, style="bold")
    for paragraph in (found.purpose, *found.detail):
        console.print(Padding(paragraph, (1, 0, 0, 0)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("before", found.before)
    table.add_row("after", found.after)
    table.add_row("keeps", found.keeps)
    table.add_row("trainable", _word(found.trainable))
    table.add_row("exact", _word(found.exact))
    table.add_row("runs in", ", ".join(found.lists) or "neither training nor inference by default")
    for option in found.options:
        table.add_row("option", f"{option.name}={option.default}  {option.purpose}".rstrip())
    console.print(Padding(table, (1, 0, 0, 0)))
