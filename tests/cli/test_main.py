"""The `uxnet` group: every command is there, and nothing heavy is imported early."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import COMMANDS, main
from uxnet_compiler.errors import DataError

HEAVY = ("torch", "monai", "SimpleITK", "numpy", "matplotlib")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {name}")


def test_the_version_is_the_package_s() -> None:
    result = CliRunner().invoke(main, ["--version"])

    assert result.stdout == f"uxnet, version {version('uxnet-compiler')}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from uxnet_compiler.cli.main import main;"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0;"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"


def test_a_user_s_mistake_is_its_message_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        raise DataError("case 7: no such image")

    monkeypatch.setattr(type(main), "get_command", lambda *_: command)

    result = CliRunner().invoke(main, ["check"])

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "case 7: no such image\n")


def test_a_full_disk_is_one_line_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "run/events.jsonl")

    monkeypatch.setattr(type(main), "get_command", lambda *_: command)

    result = CliRunner().invoke(main, ["check"])

    assert result.exit_code == 1
    assert result.stderr == "run/events.jsonl: No space left on device\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["serach"])

    assert result.exit_code == 2
    assert "No such command 'serach'" in result.stderr


def test_debug_shows_the_library_s_thoughts_on_stderr_one_line_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @click.command()
    def command() -> None:
        logging.getLogger("uxnet_compiler.passes").debug("leaves %s:\nread twice", "a.conv")
        logging.getLogger("somebody.else").debug("noise")
        click.echo("result")

    monkeypatch.setattr(type(main), "get_command", lambda *_: command)

    plain = CliRunner().invoke(main, ["check"])
    debug = CliRunner().invoke(main, ["--debug", "check"])

    assert (plain.exit_code, plain.stdout, plain.stderr) == (0, "result\n", "")
    assert (debug.exit_code, debug.stdout) == (0, "result\n")
    assert debug.stderr == "uxnet_compiler.passes: leaves a.conv: read twice\n"


def test_debug_ends_with_the_command() -> None:
    logger = logging.getLogger("uxnet_compiler")
    before = (logger.level, list(logger.handlers))

    result = CliRunner().invoke(main, ["--debug", "check", "no-such-file.json"])

    assert result.exit_code == 1
    assert (logger.level, list(logger.handlers)) == before


def test_passes_tell_why_they_leave_something() -> None:
    result = CliRunner().invoke(main, ["--debug", "show", "zoo:unet"])

    assert result.exit_code == 0
    assert "uxnet_compiler.passes: pool-before-activation leaves n0_0." in result.stderr
