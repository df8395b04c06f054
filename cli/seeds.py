"""`uxnet search --seeds`: several searches, how far they agree, and their consensus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .quantities import counted

if TYPE_CHECKING:
    from uxnet_compiler.search.config import SearchConfig
    from uxnet_compiler.search.trust.agreement import Agreement

SHOWN = 20


def search_with_seeds(
    data: Path, out: Path, config: SearchConfig, count: int, *, as_json: bool
) -> None:
    """Search with several seeds and print how far they agree."""
    from uxnet_compiler.studies.seeds import search_seeds

    from .progress import Display
    from .stopping import end_stopped

    found = search_seeds(data, out, config, count, Display)
    if found is None:
        end_stopped()
    if as_json:
        click.echo(found.agreement.model_dump_json(indent=2))
        return
    _print(found.agreement)
    agreed = found.genotype.architecture
    parts = f"{counted(len(agreed.nodes), 'node')}, {counted(len(agreed.edges), 'edge')}"
    click.echo(f"{out / 'genotype.json'}: consensus of {count}, {parts}")


def _print(agreed: Agreement) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, emoji=False, highlight=False)
    gates, edges, ops = (
        "-" if each is None else f"{each:.2f}" for each in (agreed.gates, agreed.edges, agreed.ops)
    )
    differing = agreed.differing
    console.print(
        f"Seeds agree on {gates} of the open gates and {edges} of the edges that their networks"
        f" have (Jaccard), and on {ops} of the ops of what both have, pair by pair."
        f" {len(differing)} of {len(agreed.decisions)} decisions differ: {agreed.noise} are noise"
        f" in some search, {agreed.weak} are weak, of {agreed.strong} all searches were sure, and"
        f" of {agreed.unknown} none knows how sure it is.",
        soft_wrap=True,
    )
    if not differing:
        return
    table = Table(title=f"where they differ, the strongest {min(SHOWN, len(differing))}")
    for head in ("decision", *agreed.names):
        table.add_column(head)
    table.add_column("strength", justify="right")
    for each in differing[:SHOWN]:
        strength = "-" if each.strength is None else f"{each.strength:.2f}"
        table.add_row(each.key, *each.picked, strength)
    console.print(table)
