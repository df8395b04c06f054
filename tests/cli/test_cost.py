"""`uxnet cost` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import document

from uxnet_compiler.cli.main import main
from uxnet_compiler.costs import Comparison, Costs, count
from uxnet_compiler.passes import TRAINING
from uxnet_compiler.zoo import resolve


def run(*arguments: str, width: int = 80) -> tuple[int, str, str]:
    runner = CliRunner(env={"COLUMNS": str(width), "NO_COLOR": "1"})
    result = runner.invoke(main, ["cost", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(document()))
    return str(path)


def test_parts_and_totals_are_shown() -> None:
    code, stdout, stderr = run("zoo:unet", "--no-measure", "--passes", "training")

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert (code, stderr) == (0, "")
    assert all(len(line) <= 80 for line in stdout.splitlines())
    assert any(line.startswith("n0_3 3.54 M 1.81 G 3.00 MiB 3%") for line in lines)
    assert any(line.startswith("n0_0 ") and "27%" in line for line in lines)
    assert "in total, for one image of 64x64x64" in lines
    assert "parameters 6.12 M" in lines
    assert f"after {len(TRAINING)} passes" in lines
    assert "times" not in stdout


def test_times_are_shown_and_said_where_from(small: str) -> None:
    code, stdout, stderr = run(small, "--size", "16x16", "--repeats", "2", "--passes", "none")

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert (code, stderr) == (0, "")
    assert any(line.startswith("part params MACs memory ms share") for line in lines)
    assert any(line.startswith("whole network, ms ") for line in lines)
    assert lines[-1].startswith("after no passes; times: torch, float32, CPU, ")
    assert lines[-1].endswith("median of 2 runs")


@pytest.mark.parametrize("how", [("--no-measure",), ("--size", "16x8x8", "--repeats", "1")])
def test_two_networks_stand_side_by_side(how: tuple[str, ...]) -> None:
    code, stdout, _ = run("zoo:unet", "zoo:unetpp", *how)

    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    assert code == 0
    assert all(len(line) <= 80 for line in stdout.splitlines())
    assert "parameters 6.12 M 6.30 M 1.03" in lines
    assert any(line.startswith("part MACs A B B/A") for line in lines)


def test_json_is_the_report(small: str) -> None:
    code, stdout, _ = run(small, "--json", "--repeats", "1", "--size", "8x8")

    found = Costs.model_validate_json(stdout)
    assert code == 0
    assert (found.image_size, found.runtime, found.repeats) == ((8, 8), "torch", 1)
    assert found.ms is not None

    _, stdout, _ = run("zoo:unet", "zoo:unetpp", "--json", "--no-measure")
    both = Comparison.model_validate_json(stdout)
    assert both.networks[0] == count(resolve("zoo:unet"))
    assert both.ratios["params"] == both.networks[1].params / both.networks[0].params


def test_a_picture_is_written(small: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "bars.png"

    code, _, stderr = run(small, "--no-measure", "--picture", str(path))

    assert (code, stderr) == (0, "")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zoo:unet", "--size", "9x9x9"), "size 9x9x9: every axis must be a multiple of 8x8x8"),
        (("zoo:unet", "--size", "8x8"), "size 8x8: the architecture has 3 axes"),
        (("zoo:unet", "zoo:unet2d"), "2-D and 3-D networks cannot be compared"),
        (("zoo:unet", "--picture", "a.bmp"), "a.bmp: cannot draw .bmp; use .png, .svg, .pdf"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    assert run(*arguments) == (1, "", f"{message}\n")


def test_too_large_a_size_is_one_line() -> None:
    code, stdout, stderr = run("zoo:unet", "--size", "65536x65536x65536")

    assert (code, stdout, stderr.count("\n")) == (1, "", 1)
    assert "needs" in stderr
    assert "this machine has" in stderr


def test_three_networks_are_wrong_usage() -> None:
    code, _, stderr = run("zoo:unet", "zoo:unet", "zoo:unet")

    assert code == 2
    assert "give one genotype, or two to compare" in stderr


def test_a_stranger_s_words_are_no_markup(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(document() | {"name": "[red]:smile:[/nothing]"}))

    code, stdout, _ = run(str(path), "--no-measure")

    assert code == 0
    assert stdout.startswith("[red]:smile:[/nothing]")
