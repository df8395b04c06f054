"""`uxnet demo`: the whole tour ends, and leaves what it says."""

from __future__ import annotations

import shlex
from pathlib import Path

from click.testing import CliRunner

from uxnet_compiler.cli.commands.demo import tour
from uxnet_compiler.cli.main import main


def test_the_tour_makes_everything_it_lists(tmp_path: Path) -> None:
    out = tmp_path / "tour"

    result = CliRunner().invoke(main, ["demo", "--out", str(out), "--minutes", "0.05"])

    assert result.exit_code == 0, result.output
    made = {
        "images/dataset.json",
        "search/genotype.json",
        "genotype.svg",
        "network/network.onnx",
        "training/weights.safetensors",
        "training/curves.png",
        "training/evaluation/scores.json",
        "segmentation.png",
    }
    assert {name for name in made if (out / name).is_file()} == made
    assert len(list((out / "masks").iterdir())) == 1
    for step in tour(out, 0.05):
        assert f"$ uxnet {shlex.join(step.arguments)}\n" in result.stderr
    assert "held-out Dice" in result.stdout


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path)])

    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}: exists already; choose another --out or remove it\n"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
