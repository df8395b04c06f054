"""`uxnet phantom`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler.cli.main import main
from uxnet_compiler.data.fingerprint import fingerprint
from uxnet_compiler.data.sources import open_dataset


def test_phantom_writes_a_data_set_and_prints_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "set"

    result = CliRunner().invoke(
        main,
        f"phantom {out} --cases 3 --size 16 20 24 --spacing 2 1 1 --channels 2 --seed 7".split(),
    )

    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{out}\n", "")
    found = fingerprint(open_dataset(out))
    assert (found.num_cases, found.median_shape) == (3, (16, 20, 24))
    assert found.median_spacing == pytest.approx((2, 1, 1))
    assert found.channels == ("T1", "T2")


def test_phantom_refuses_a_folder_that_holds_something_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious", encoding="utf-8")

    result = CliRunner().invoke(main, ["phantom", str(tmp_path)])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "already there and not an empty folder" in result.stderr


def test_phantom_refuses_a_count_out_of_range(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["phantom", str(tmp_path / "x"), "--cases", "0"])

    assert result.exit_code == 2
    assert "--cases" in result.stderr


def test_pictures_of_one_scene_are_asked_for_by_name(tmp_path: Path) -> None:
    out = tmp_path / "x"
    options = [
        "--cases",
        "2",
        "--size",
        "1",
        "32",
        "40",
        "--layout",
        "pictures",
        "--scene",
        "vessels",
    ]

    result = CliRunner().invoke(main, ["phantom", str(out), *options])

    assert result.exit_code == 0, result.output
    dataset = open_dataset(out)
    assert dataset.cases[1].image == out / "images" / "phantom_001.png"
    assert dataset.num_classes == 2
    assert fingerprint(dataset).median_shape == (32, 40)
