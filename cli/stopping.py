"""How a command ends when Ctrl-C stopped its job."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

STOPPED = 130  # what shells use for a job that Ctrl-C ended


def end_stopped(how: str = "the same command", *, told: bool = True) -> NoReturn:
    """Say how to go on, and leave with the exit code of a job that was stopped.

    Args:
        how: What goes on where the job was.
        told: Whether this process is the one that talks.
    """
    if told:
        click.echo(f"stopped before the end; {how} goes on", err=True)
    sys.exit(STOPPED)
