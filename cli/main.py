"""The `uxnet` group: finds the commands, shows errors as one line, sets the exit code."""

from __future__ import annotations

import importlib
import keyword
import logging
import sys
from collections.abc import Sequence
from typing import Any

import click

from uxnet_compiler.errors import UxnetError, system_error_line

COMMANDS = (
    # in the order of the work
    "search",
    "trust",
    "consensus",
    "derive",
    "sample",
    "import",
    "check",
    "show",
    "cost",
    "render",
    "film",
    "report",
    "diff",
    "gallery",
    "compile",
    "passes",
    "train",
    "evaluate",
    "predict",
    "zoo",
    "phantom",
    "cache",
    "doctor",
    "ablate",
    "reproduce",
    "sweep",
    "demo",
)


class LazyGroup(click.Group):
    """Import a command's module only when it is asked for.

    A user's mistake ends as one line on stderr and exit code 1; usage errors keep click's 2.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import `commands/<name>.py`, `import_.py` for `import`, and return its `command`."""
        if cmd_name not in COMMANDS:
            return None
        file = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f".commands.{file}", __package__)
        command: click.Command = module.command
        return command

    def main(self, args: Sequence[str] | None = None, *extra: Any, **options: Any) -> Any:
        """Run, and turn what a user can cause into one line and an exit code."""
        try:
            return super().main(args, *extra, **options)
        except UxnetError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except OSError as error:  # a full disk, a file that vanished: nobody's defect
            click.echo(system_error_line(error), err=True)
            sys.exit(1)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="uxnet-compiler", prog_name="uxnet")
@click.option("--debug", is_flag=True, help="Tell on stderr what the library thinks on its way.")
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """Search 3-D segmentation architectures and handle them as documents."""
    if debug:
        _show_logs(context)


class _OneLine(logging.Formatter):
    """Write a record as a line: the part of the library, then the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Put a message of several lines into one."""
        return f"{record.name}: {' '.join(record.getMessage().split())}"


def _show_logs(context: click.Context) -> None:
    """Show the debug logs of the library alone, until the command ends."""
    logger = logging.getLogger("uxnet_compiler")
    level = logger.level
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    context.call_on_close(lambda: logger.removeHandler(handler))
    context.call_on_close(lambda: logger.setLevel(level))
