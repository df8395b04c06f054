"""`uxnet show`: a genotype in tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ..options import size_option
from ..quantities import mebibytes, short

if TYPE_CHECKING:
    from rich.table import Table

    from uxnet_compiler.overview import EdgePart, NodePart, Overview, Part
    from uxnet_compiler.schema import Genotype


MOST_LETTERS = 2000  # of what a stranger says of the origin


@click.command("show")
@click.argument("genotype")
@size_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(genotype: str, size: tuple[int, ...] | None, as_json: bool) -> None:
    """Show the nodes and edges of a genotype, and what they cost.

    GENOTYPE is a file, or zoo:NAME for a bundled one.
    """
    from uxnet_compiler.zoo import resolve

    show(resolve(genotype), size, as_json=as_json)


def show(genotype: Genotype, size: tuple[int, ...] | None, *, as_json: bool) -> None:
    """Print the overview of a genotype."""
    from rich.console import Console

    from uxnet_compiler.overview import legend, overview

    found = overview(genotype, size)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    # What a stranger wrote into a document is text, not markup.
    console = Console(markup=False, emoji=False, highlight=False)
    for table in (_frame(found), _nodes(found), _edges(found), _totals(found)):
        console.print(table)
        console.print()
    console.print(legend((*found.nodes, *found.edges)), style="dim")


def _plain(title: str, *, show_header: bool = True) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        show_header=show_header,
    )


def _frame(found: Overview) -> Table:
    from uxnet_compiler.ops import spell
    from uxnet_compiler.wording import counted, one_line

    table = _plain(one_line(found.name), show_header=False)
    table.add_column(style="dim")
    table.add_column()
    table.add_row("id", found.id)
    table.add_row("structure", found.structure_id)
    table.add_row("image", f"{found.spatial_dims}-D, {counted(found.in_channels, 'channel')}")
    table.add_row("classes", f"{found.out_channels}, background included")
    table.add_row("widths", " ".join(map(str, found.widths)))
    table.add_row("strides", " ".join(map(spell, found.strides)))
    if found.space is not None:
        tau = "" if found.space.tau is None else f", tau {found.space.tau:g}"
        table.add_row("space", f"{found.space.family}, version {found.space.version}{tau}")
    source = found.provenance
    for label, text in (
        ("origin", source.origin),
        ("paper", source.paper),
        ("license", source.license),
        ("seed", "" if source.seed is None else str(source.seed)),
        ("software", ", ".join(f"{k} {v}" for k, v in sorted(source.software.items()))),
        ("data", ", ".join(f"{k} {json.dumps(v)}" for k, v in sorted(source.data.items()))),
        ("repaired", ", ".join(source.repaired)),
    ):
        if text:
            table.add_row(label, one_line(text, MOST_LETTERS))
    return table


def _nodes(found: Overview) -> Table:
    from uxnet_compiler.ops import spell

    table = _plain("nodes")
    table.add_column("node", no_wrap=True)
    table.add_column("in", justify="right", no_wrap=True)
    table.add_column("does")
    table.add_column("makes", no_wrap=True)
    _cost_columns(table)
    for node in found.nodes:
        table.add_row(
            node.id,
            str(node.merges),
            _does(node),
            f"{node.channels} @ {spell(node.size)}",
            *_costs(node),
            style=None if node.ops else "dim",
        )
    return table


def _does(node: NodePart) -> str:
    from uxnet_compiler.overview import spell_ops

    ops = spell_ops(node.ops)
    if node.merges == 1:
        return ops or "passes on"
    return " ".join(filter(None, ("concat" if node.merge == "concat" else "+", ops)))


def _edges(found: Overview) -> Table:
    from uxnet_compiler.overview import spell_ops

    gated = any(edge.gate is not None for edge in found.edges)
    table = _plain("edges")
    table.add_column("from", no_wrap=True)
    table.add_column("to", no_wrap=True)
    if gated:
        table.add_column("gate", justify="right", no_wrap=True)
    table.add_column("does")
    _cost_columns(table)
    for edge in found.edges:
        gate = [_gate(edge)] if gated else []
        does = spell_ops(edge.ops) or "passes on"
        style = None if edge.ops else "dim"
        table.add_row(edge.source, edge.target, *gate, does, *_costs(edge), style=style)
    return table


def _gate(edge: EdgePart) -> str:
    return "" if edge.gate is None else f"{edge.gate:.2f}"


def _cost_columns(table: Table) -> None:
    for name in ("params", "MACs", "memory"):
        table.add_column(name, justify="right", no_wrap=True)


def _costs(part: Part) -> tuple[str, str, str]:
    return (
        short(part.params) if part.params else "",
        short(part.macs) if part.macs else "",
        mebibytes(part.num_bytes) if part.num_bytes else "",
    )


def _totals(found: Overview) -> Table:
    from uxnet_compiler.ops import spell

    table = _plain(f"in total, for one image of {spell(found.image_size)}", show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_row("parameters", short(found.params))
    table.add_row("MACs", short(found.macs))
    table.add_row("feature maps, peak in inference", mebibytes(found.peak_bytes))
    table.add_row("feature maps, all (training)", mebibytes(found.map_bytes))
    table.add_row("image sizes are multiples of", spell(found.divisor))
    return table
