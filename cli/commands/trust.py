"""`uxnet trust`: how far can the result of a search be believed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..quantities import FiniteRange, counted, mebibytes, short

if TYPE_CHECKING:
    from rich.console import Console

    from uxnet_compiler.search.trust.model import Comparison, Gap, Trust

SIGNS = {"ok": "ok", "doubt": "doubt", "bad": "BAD"}
COLOURS = {"ok": "green", "doubt": "yellow", "bad": "red"}


@click.command("trust")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--train-minutes",
    type=FiniteRange(0, 1_000_000, min_open=True),
    help="Also train the genotype, U-Net and random genotypes on DATA, each for so long.",
)
@click.option(
    "--random",
    "num_random",
    type=click.IntRange(0, 20),
    default=1,
    show_default=True,
    help="Random genotypes to train.",
)
@click.option(
    "--weakest",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Show so many decisions with the weakest evidence.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def command(
    *,
    run: Path,
    data: Path | None,
    train_minutes: float | None,
    num_random: int,
    weakest: int,
    as_json: bool,
) -> None:
    """Tell how far the result of a search can be believed.

    RUN is the folder of a search, which holds the report as trust.json, trust.png and trust.svg.
    Did gates and preferences move? Is the evidence stronger than noise? Is the genotype, alone, as
    good as the mixture that was searched, and better than random ones? With DATA and
    --train-minutes: does it stay ahead of U-Net and random genotypes when all are trained alike?
    Trainings are kept in RUN/trust; Ctrl-C stops cleanly, and the same command goes on.
    """
    if (train_minutes is None) != (data is None):
        raise click.UsageError("DATA and --train-minutes belong together")
    if data is None or train_minutes is None:
        from uxnet_compiler.search.trust.report import read_trust

        report = read_trust(run)
    else:
        from uxnet_compiler.studies.comparison import compare_trained

        from ..progress import Display
        from ..stopping import end_stopped

        made = compare_trained(run, data, Display, minutes=train_minutes, num_random=num_random)
        if made is None:
            end_stopped()
        report = made
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        _print(report, weakest)


def _print(report: Trust, weakest: int) -> None:
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False)
    took = report.resources
    waiting = "" if took.waiting is None else f", {took.waiting:.0%} of it waiting for patches"
    gpu = "" if took.peak_gpu_bytes is None else f", {mebibytes(took.peak_gpu_bytes)} on the GPU"
    console.print(
        f"{report.genotype[:12]}: {counted(took.steps, 'step')} in {took.minutes:g}"
        f" minutes{waiting}; {took.device_hours:.2g} device hours;"
        f" peak {mebibytes(took.peak_bytes)}{gpu}",
        soft_wrap=True,
    )
    _print_verdicts(console, report)
    _print_decisions(console, report, weakest)
    if report.gap is not None:
        _print_gap(console, report.gap)
    if report.comparison is not None:
        _print_comparison(console, report.comparison)


def _print_verdicts(console: Console, report: Trust) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="verdicts", show_header=False)
    for verdict in report.verdicts:
        sign = Text(SIGNS[verdict.level], style=COLOURS[verdict.level])
        table.add_row(verdict.rule, sign, verdict.text)
    console.print(table)


def _print_decisions(console: Console, report: Trust, weakest: int) -> None:
    from rich.table import Table

    shown = [each for each in report.decisions if each.strength is not None][:weakest]
    if not shown:
        return
    table = Table(title=f"weakest evidence, {len(shown)} of {len(report.decisions)} decisions")
    for head in ("decision", "picked"):
        table.add_column(head)
    for head in ("strength", "margin", "entropy", "drift"):
        table.add_column(head, justify="right")
    for each in shown:
        table.add_row(
            each.key,
            each.picked,
            f"{each.strength:.2f}",
            f"{each.margin:.3f}",
            f"{each.entropy:.2f}",
            f"{each.drift:.2f}",
        )
    console.print(table)


def _print_gap(console: Console, gap: Gap) -> None:
    from rich.table import Table

    table = Table(title=f"Dice on the same {gap.patches} patches")
    table.add_column("network")
    table.add_column("Dice", justify="right")
    rows = [("mixture of the supernet", gap.relaxed), ("genotype alone, same weights", gap.one_hot)]
    rows += [(f"random genotype {n}, same weights", dice) for n, dice in enumerate(gap.random)]
    if gap.retrained is not None:
        rows.append(("genotype, trained", gap.retrained))
    for name, dice in rows:
        table.add_row(name, "-" if dice is None else f"{dice:.4f}")
    console.print(table)


def _print_comparison(console: Console, comparison: Comparison) -> None:
    from rich.table import Table

    seen = "; the search saw them, too" if comparison.seen_by_search else ""
    cases = f"{comparison.cases} held-out cases{seen}"
    table = Table(title=f"trained {comparison.minutes:g} minutes each, {cases}")
    table.add_column("network")
    for head in ("parameters", "MACs", "steps", "Dice", "behind"):
        table.add_column(head, justify="right")
    for each in comparison.networks:
        table.add_row(
            each.name,
            short(each.params),
            short(each.macs),
            str(each.steps),
            f"{each.dice:.4f}",
            f"{each.behind:+.4f} +- {each.behind_error:.4f}",
        )
    by_label = Table(title="Dice by label")
    by_label.add_column("label")
    for each in comparison.networks:
        by_label.add_column(each.name, justify="right")
    for label in comparison.networks[0].labels:
        by_label.add_row(label, *(f"{each.labels[label]:.4f}" for each in comparison.networks))
    console.print(table, by_label)
