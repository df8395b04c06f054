"""`uxnet show` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import document

from uxnet_compiler.cli.main import main
from uxnet_compiler.overview import Overview, overview
from uxnet_compiler.zoo import resolve


def run(*arguments: str, width: int = 100) -> tuple[int, str, str]:
    runner = CliRunner(env={"COLUMNS": str(width), "NO_COLOR": "1"})
    result = runner.invoke(main, ["show", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("width", [80, 100])
def test_every_part_and_the_totals_are_shown(width: int) -> None:
    code, stdout, stderr = run("zoo:unet", width=width)

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert (code, stderr) == (0, "")
    assert all(len(line) <= width for line in stdout.splitlines())
    assert f"id {resolve('zoo:unet').id}" in lines
    assert "n0_3 1 2x (3x3x3 IN LReLU) 256 @ 8x8x8 3.54 M 1.81 G 3.00 MiB" in lines
    assert "n1_0 1 passes on 32 @ 64x64x64" in lines
    assert "n0_3 n1_2 1.00 1x1x1 deconv x2 164 k 83.9 M 2.25 MiB" in lines
    assert "parameters 6.12 M" in lines
    assert "image sizes are multiples of 8x8x8" in lines


def test_costs_are_for_the_size_that_is_asked_for() -> None:
    _, stdout, _ = run("zoo:unet", "--size", "32x32x32")

    assert "in total, for one image of 32x32x32" in stdout
    assert "256 @ 4x4x4" in stdout


def test_json_is_the_overview() -> None:
    code, stdout, _ = run("zoo:unet", "--json")

    assert code == 0
    assert Overview.model_validate_json(stdout) == overview(resolve("zoo:unet"))


def test_a_size_that_does_not_fit_is_one_line() -> None:
    assert run("zoo:unet", "--size", "9x9x9") == (
        1,
        "",
        "size 9x9x9: every axis must be a multiple of 8x8x8\n",
    )


def test_a_stranger_s_words_are_no_markup(tmp_path: Path) -> None:
    data = document() | {"name": "[red]:smile:[/nothing]"}
    data["provenance"] = {"origin": "[/]", "data": {"[b]": ["\x1b[2J"]}, "repaired": ["[/x]"]}
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(data))

    code, stdout, _ = run(str(path))

    assert code == 0
    assert "[red]:smile:[/nothing]" in stdout
    assert "\x1b" not in stdout
    assert '[b] ["\\u001b[2J"]' in stdout
