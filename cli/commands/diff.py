"""`uxnet diff`: what differs between two architectures."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ..quantities import mebibytes, short

if TYPE_CHECKING:
    from rich.console import Console

    from uxnet_compiler.diff import Diff, Parts

VERDICTS = {
    "same": "the same architecture",
    "renamed": "the same architecture but for the names and columns of nodes",
    "resized": "the same architecture but for widths and channels",
    "different": "different architectures",
}


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(before: str, after: str, as_json: bool) -> None:
    """Tell what differs between the architectures of two genotypes, A and B.

    A and B are files, or zoo:NAME for bundled ones. Names, evidence and provenance of the
    documents, the order in their files and parts without effect do not count.

    The exit code is 0 when both have the same id, 1 when they differ, and 2 when a file cannot be
    read.
    """
    from uxnet_compiler.diff import diff
    from uxnet_compiler.errors import UxnetError
    from uxnet_compiler.zoo import resolve

    try:
        found = diff(resolve(before), resolve(after))
    except UxnetError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        _print(found, before, after)
    sys.exit(0 if found.relation == "same" else 1)


def _print(found: Diff, before: str, after: str) -> None:
    from rich.console import Console

    # What a stranger wrote into a document is text, not markup.
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    console.print(f"- {before}  {found.before.id[:12]}", style="red")
    console.print(f"+ {after}  {found.after.id[:12]}", style="green")
    console.print(VERDICTS[found.relation], style="bold")
    if found.frame:
        console.print("\nframe", style="bold")
        for change in found.frame:
            console.print(f"  ~ {change.what}: {change.before} -> {change.after}", style="yellow")
    _print_parts(console, "nodes", found.nodes)
    _print_parts(console, "edges", found.edges)
    if found.relation != "same":
        _print_costs(console, found)
    if found.apart:
        parts = ", ".join(found.apart)
        console.print(f"\nnot part of the architecture, but differing: {parts}", style="dim")


def _print_parts(console: Console, title: str, parts: Parts) -> None:
    if not (parts.removed or parts.added or parts.changed):
        return
    console.print(f"\n{title}", style="bold")
    for part in parts.removed:
        console.print(f"  - {part.id}  {part.does}", style="red")
    for part in parts.added:
        console.print(f"  + {part.id}  {part.does}", style="green")
    for changed in parts.changed:
        changes = "; ".join(
            (f"{c.before} -> {c.after}" if c.what == "ops" else f"{c.what} {c.before} -> {c.after}")
            for c in changed.changes
        )
        console.print(f"  ~ {changed.id}  {changes}", style="yellow")


def _print_costs(console: Console, found: Diff) -> None:
    from uxnet_compiler.ops import spell

    sizes = dict.fromkeys((spell(found.before.image_size), spell(found.after.image_size)))
    console.print(f"\ncost for one image of {' -> '.join(sizes)}", style="bold")
    rows: tuple[tuple[str, int, int, Callable[[float], str]], ...] = (
        ("parameters", found.before.params, found.after.params, short),
        ("MACs", found.before.macs, found.after.macs, short),
        ("peak memory", found.before.peak_bytes, found.after.peak_bytes, mebibytes),
    )
    for name, old, new, spelled in rows:
        share = f"  ({100 * (new - old) / old:+.1f} %)" if old and new != old else ""
        console.print(f"  {name}: {spelled(old)} -> {spelled(new)}{share}")
