"""`uxnet cost`: what each node and edge costs, and how long it takes here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import passes_option, size_option
from ..quantities import counted, mebibytes, short

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from uxnet_compiler.costs import Costs, PartCosts, Row
    from uxnet_compiler.passes import Pass

BAR = 12  # characters
Figure = tuple[str, Callable[["PartCosts"], float | None], Callable[[float], str]]


@click.command("cost")
@click.argument("genotypes", metavar="GENOTYPE [GENOTYPE2]", nargs=-1, required=True)
@size_option
@click.option(
    "--measure/--no-measure", default=True, show_default=True, help="Run it and take the time."
)
@click.option(
    "--runtime",
    type=click.Choice(["torch"]),
    default="torch",
    show_default=True,
    help="What runs it: torch in float32 on the CPU.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Timed runs, after one that warms up; their median counts.",
)
@passes_option
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw bars per node and edge to a .png, .svg or .pdf file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    genotypes: tuple[str, ...],
    size: tuple[int, ...] | None,
    measure: bool,
    runtime: str,  # noqa: ARG001 (there is one)
    repeats: int,
    passes: tuple[Pass, ...],
    picture: Path | None,
    as_json: bool,
) -> None:
    """Tell what each node and each edge of a network costs.

    GENOTYPE is a file, or zoo:NAME for a bundled one. Parameters, multiply-accumulates and memory
    are counted, times are measured on this machine, all for one image and the network that the
    passes leave. With two genotypes, nodes of one name stand side by side, and ratios are the
    second's share of the first.
    """
    if len(genotypes) > 2:
        raise click.UsageError("give one genotype, or two to compare")
    from uxnet_compiler.costs import common_size, compare, count
    from uxnet_compiler.zoo import resolve

    if picture is not None:
        from uxnet_compiler.pictures.bars import draw_costs, require_format

        require_format(picture)
    documents = [resolve(text) for text in genotypes]
    shared = common_size(documents, size)
    if measure:
        from uxnet_compiler.costs.timing import measure as time_it

        from ..progress import Display

        with Display() as display:
            found = [
                time_it(each, shared, passes=passes, repeats=repeats, observer=display)
                for each in documents
            ]
    else:
        found = [count(each, shared, passes=passes) for each in documents]
    if picture is not None:
        draw_costs(found, picture)
    if as_json:
        report = found[0] if len(found) == 1 else compare(*found)
        click.echo(report.model_dump_json(indent=2))
    else:
        _show(found)


def _show(found: list[Costs]) -> None:
    from rich.console import Console

    from uxnet_compiler.costs import ranked

    # What a stranger wrote into a document is text, not markup.
    console = Console(markup=False, emoji=False, highlight=False)
    rows = ranked(found)
    console.print(_one(found[0], rows) if len(found) == 1 else _two(found, rows))
    console.print()
    _totals(console, found)


def _figures(found: list[Costs]) -> list[Figure]:
    figures: list[Figure] = [
        ("params", lambda part: part.params, short),
        ("MACs", lambda part: part.macs, short),
        ("memory", lambda part: part.num_bytes, mebibytes),
    ]
    if found[0].ms is not None:
        figures.append(("ms", lambda part: part.ms, milliseconds))
    return figures


def milliseconds(ms: float) -> str:
    """Write a time with about three digits."""
    return f"{ms:.0f}" if ms >= 99.95 else f"{ms:.1f}" if ms >= 9.995 else f"{ms:.2f}"


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("part", overflow="ellipsis", no_wrap=True, max_width=28)
    return table


def _one(costs: Costs, rows: list[Row]) -> Table:
    from rich.progress_bar import ProgressBar

    figures = _figures([costs])
    table = _table(f"{costs.name}  {costs.id[:12]}")
    for name, _, _ in figures:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("", width=BAR, no_wrap=True)
    weigh = figures[-1][1] if costs.ms is not None else figures[1][1]
    weights = [weigh(part) or 0.0 for row in rows if (part := row.parts[0])]
    total, longest = sum(weights) or 1.0, max(weights, default=0.0) or 1.0
    for row, weight in zip(rows, weights, strict=True):
        bar = ProgressBar(
            total=longest,
            completed=weight,
            width=BAR,
            style="black",
            complete_style="cyan",
            finished_style="cyan",
        )
        cells = [_cell(row.parts[0], figure) for figure in figures]
        style = "dim" if row.kind == "rest" else None
        table.add_row(row.label, *cells, f"{weight / total:.0%}", bar, style=style)
    return table


def _two(found: list[Costs], rows: list[Row]) -> Table:
    first, second = found
    figures = [figure for figure in _figures(found) if figure[0] != "params"]
    if found[0].ms is not None:  # all three are too wide for a terminal
        figures = [figure for figure in figures if figure[0] != "memory"]
    table = _table(f"A {first.name}  {first.id[:12]}\nB {second.name}  {second.id[:12]}")
    for name, _, _ in figures:
        table.add_column(f"{name} A", justify="right", no_wrap=True)
        table.add_column("B", justify="right", no_wrap=True)
        table.add_column("B/A", justify="right", no_wrap=True, style="bold")
    for row in rows:
        a, b = row.parts
        cells = []
        for figure in figures:
            get = figure[1]
            cells += [_cell(a, figure), _cell(b, figure)]
            cells.append(_share(get(a) if a else None, get(b) if b else None))
        table.add_row(row.label, *cells, style="dim" if row.kind == "rest" else None)
    return table


def _cell(part: PartCosts | None, figure: Figure) -> str:
    _, get, spell = figure
    value = get(part) if part is not None else None
    return "" if part is None else spell(value) if value else "0"


def _share(first: float | None, second: float | None) -> str:
    from uxnet_compiler.costs import ratio

    share = ratio(first, second)
    return "" if share is None else f"{share:.2f}"


def _totals(console: Console, found: list[Costs]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from uxnet_compiler.ops import spell

    console.print(f"in total, for one image of {spell(found[0].image_size)}", style="bold")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, show_header=len(found) == 2)
    table.add_column("", style="dim")
    for name in "AB"[: len(found)]:
        table.add_column(name, justify="right")
    if len(found) == 2:
        table.add_column("B/A", justify="right", style="bold")
    lines: list[tuple[str, list[float | None], Callable[[float], str]]] = [
        ("parameters", [each.params for each in found], short),
        ("MACs", [each.macs for each in found], short),
        ("feature maps, peak", [each.peak_bytes for each in found], mebibytes),
        ("feature maps, all", [each.map_bytes for each in found], mebibytes),
        ("whole network, ms", [each.ms for each in found], milliseconds),
        ("parts one by one, ms", [_parts_ms(each) for each in found], milliseconds),
        ("MACs per second", [each.ms and 1000 * each.macs / each.ms for each in found], short),
    ]
    for label, values, write in lines:
        cells = [write(value) for value in values if value is not None]
        if cells:
            shares = [_share(*values)] if len(found) == 2 else []
            table.add_row(label, *cells, *shares)
    console.print(table)
    how = f"after {len(found[0].passes.split(',')) if found[0].passes else 'no'} passes"
    if (threads := found[0].threads) is not None:
        runs = "1 run" if found[0].repeats == 1 else f"median of {found[0].repeats} runs"
        how += f"; times: torch, float32, CPU, {counted(threads, 'thread')}, {runs}"
    console.print(how, style="dim")


def _parts_ms(costs: Costs) -> float | None:
    return None if costs.ms is None else sum(part.ms or 0.0 for part in costs.parts)
