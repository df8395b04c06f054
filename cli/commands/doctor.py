"""`uxnet doctor`: does this machine compute right, and fast?"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click

from ..options import device_option

if TYPE_CHECKING:
    from rich.console import Console

    from uxnet_compiler.machine.checkup import Check
    from uxnet_compiler.machine.speed import Speed

STYLES = {"ok": "green", "guarded": "cyan", "note": "yellow", "wrong": "bold red"}


@click.command("doctor")
@device_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(device: str, as_json: bool) -> None:
    """Examine this machine: software, devices, correctness, speed.

    Convolutions that are known to go wrong on some machines are tried, each in a process of its
    own. `guarded` is a defect of the machine that uxnet's settings avoid, `note` is worth knowing.
    The exit code is 1 when something gives wrong numbers with the settings in force, else 0.
    """
    from rich.console import Console

    from uxnet_compiler.machine.checkup import Check
    from uxnet_compiler.machine.device import pick_device
    from uxnet_compiler.machine.doctor import diagnose, examine, is_healthy
    from uxnet_compiler.machine.speed import Speed

    pick_device(device)  # a mistake is told before anything is printed
    talk = Console(stderr=True)
    if as_json:
        with talk.status("examining"):
            found = diagnose(device)
        click.echo(found.model_dump_json(indent=2))
        sys.exit(0 if found.healthy else 1)
    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    checks: list[Check] = []
    with talk.status("examining"):
        for group, members in groupby(examine(device), key=_group):
            seen = list(members)
            told = [each for each in seen if isinstance(each, Check)]
            if told:
                _print_checks(console, group, told)
                checks += told
            else:
                _print_speeds(console, [each for each in seen if isinstance(each, Speed)])
    healthy = is_healthy(tuple(checks))
    verdict = "nothing gives wrong numbers" if healthy else "something gives wrong numbers"
    console.print(f"{verdict} with the settings in force", style="green" if healthy else "bold red")
    sys.exit(0 if healthy else 1)


def _group(found: Check | Speed) -> str:
    return getattr(found, "group", "")


def _print_checks(console: Console, group: str, checks: list[Check]) -> None:
    from rich.text import Text

    console.print(group, style="bold")
    width = max(len(check.name) for check in checks)
    for check in checks:
        line = Text.assemble(
            "  ",
            (f"{check.status:<8}", STYLES[check.status]),
            f"{check.name:<{width}}  {check.text}",
        )
        console.print(line)
        if check.hint:
            console.print(f"{'':<{12 + width}}-> {check.hint}", style="dim")
    console.print()


def _print_speeds(console: Console, speeds: Iterable[Speed]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from uxnet_compiler.machine.speed import BATCH, CHANNELS, LAYERS, SIDE

    what = f"{LAYERS} layers of {CHANNELS} channels on {BATCH} images of {SIDE}^3 voxels"
    console.print(f"speed of {what}, ms", style="bold")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("  format")
    table.add_column("channels")
    for name in ("training", "inference"):
        table.add_column(name, justify="right")
    for speed in speeds:
        order = "last" if speed.channels_last else "first"
        times = (f"{ms:.1f}" for ms in (speed.training_ms, speed.inference_ms))
        table.add_row(f"  {speed.dtype}", order, *times)
    console.print(table)
    console.print()
