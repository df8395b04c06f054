"""`uxnet diff` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import document

from uxnet_compiler.cli.main import main
from uxnet_compiler.diff import diff
from uxnet_compiler.zoo import resolve


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["diff", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_equal_architectures_end_with_0() -> None:
    code, stdout, stderr = run("zoo:unet", "zoo:unet")

    assert (code, stderr) == (0, "")
    assert stdout.splitlines()[-1] == "the same architecture"


def test_a_difference_ends_with_1_and_is_told_line_by_line() -> None:
    code, stdout, stderr = run("zoo:unet", "zoo:unetpp")

    assert (code, stderr) == (1, "")
    lines = stdout.splitlines()
    assert lines[2] == "different architectures"
    assert "  + n0_1>n1_0  1x1x1, linear x2" in lines
    assert "  ~ n0_3>n1_2  deconv x2 -> linear x2" in lines
    assert lines[-1].startswith("not part of the architecture, but differing: name")


def test_without_a_terminal_there_is_no_colour_and_no_wrapping() -> None:
    result = CliRunner(env={"COLUMNS": "20"}).invoke(main, ["diff", "zoo:unet", "zoo:unet2d"])

    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) > 60


def test_costs_stand_side_by_side() -> None:
    _, stdout, _ = run("zoo:unet", "zoo:unet2d")

    assert "cost for one image of 64x64x64 -> 256x256" in stdout
    assert "  parameters: 6.12 M -> " in stdout


def test_json_is_the_whole_difference() -> None:
    code, stdout, _ = run("zoo:unet", "zoo:unetpp", "--format", "json")

    assert code == 1
    wanted = diff(resolve("zoo:unet"), resolve("zoo:unetpp"))
    assert json.loads(stdout) == json.loads(wanted.model_dump_json())


@pytest.mark.parametrize("text", ["{", None])
def test_an_unreadable_file_is_one_line_and_ends_with_2(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    if text is not None:
        file.write_text(text)

    code, stdout, stderr = run("zoo:unet", str(file))

    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"{file}: ")
    assert stderr.count("\n") == 1


def test_what_a_stranger_wrote_is_text_and_no_markup(tmp_path: Path) -> None:
    file = tmp_path / "[bold]g[/red].json"
    (tmp_path / "[bold]g[").mkdir()
    file.write_text(json.dumps(document()))

    code, stdout, _ = run(str(file), "zoo:unet2d")

    assert code == 1
    assert stdout.startswith(f"- {file}  ")
