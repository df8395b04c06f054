"""`uxnet render` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from strategies import document

from uxnet_compiler.cli.main import main
from uxnet_compiler.pictures import draw
from uxnet_compiler.zoo import resolve


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["render", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_drawing_is_written_and_named(tmp_path: Path) -> None:
    out = tmp_path / "unet.gv"

    assert run("zoo:unet", "-o", str(out)) == (0, f"{out}\n", "")
    assert out.read_text(encoding="utf-8") == draw(resolve("zoo:unet")).source


def test_pruned_draws_what_was_cut(tmp_path: Path) -> None:
    out = tmp_path / "unet.gv"

    code, _, _ = run("zoo:unet", "--pruned", "-o", str(out))

    assert code == 0
    assert "cut by the search" in out.read_text(encoding="utf-8")


def test_pruned_without_a_space_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    file.write_text(json.dumps(document()))

    code, _, stderr = run(str(file), "--pruned", "-o", str(tmp_path / "g.gv"))

    assert code == 1
    assert stderr.startswith(f"{file}: space: missing")
    assert stderr.count("\n") == 1


def test_a_broken_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "g.json"
    file.write_text("{")

    code, stdout, stderr = run(str(file), "-o", str(tmp_path / "g.gv"))

    assert (code, stdout) == (1, "")
    assert stderr.startswith(f"{file}: not JSON")
    assert stderr.count("\n") == 1


def test_without_a_file_to_write_it_is_a_usage_error() -> None:
    code, _, stderr = run("zoo:unet")

    assert code == 2
    assert "--out" in stderr


def test_details_and_themes_make_other_drawings(tmp_path: Path) -> None:
    drawn: set[str] = set()
    for options in ([], ["--detail", "stages"], ["--detail", "ops"], ["--theme", "slides"]):
        out = tmp_path / f"{len(drawn)}.svg"
        assert run("zoo:nasunet", "-o", str(out), *options) == (0, f"{out}\n", "")
        drawn.add(out.read_text(encoding="utf-8"))

    assert len(drawn) == 4


def test_an_unknown_theme_is_a_usage_error(tmp_path: Path) -> None:
    code, _, stderr = run("zoo:unet", "-o", str(tmp_path / "g.svg"), "--theme", "neon")

    assert code == 2
    assert "paper" in stderr


@pytest.mark.parametrize("detail", ["ops", "nodes", "stages"])
def test_a_network_without_a_node_that_matters_is_drawn(detail: str, tmp_path: Path) -> None:
    conv = {"op": "conv@1", "kernel": [1, 1]}
    bare = document()
    bare["architecture"] |= {
        "widths": [2],
        "strides": [[1, 1]],
        "nodes": [{"id": "dead", "stage": 0, "level": 0}],
        "edges": [
            {"source": "input", "target": "dead", "ops": [conv]},
            {"source": "input", "target": "output", "ops": [conv]},
        ],
    }
    file = tmp_path / "g.json"
    file.write_text(json.dumps(bare))

    code, _, stderr = run(str(file), "--detail", detail, "-o", str(tmp_path / "g.svg"))

    assert (code, stderr) == (0, "")
