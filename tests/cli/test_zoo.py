"""`uxnet zoo` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from uxnet_compiler import load
from uxnet_compiler.cli.main import main
from uxnet_compiler.overview import overview
from uxnet_compiler.zoo import fit, resolve, zoo


def run(*arguments: str, command: str = "zoo") -> tuple[int, str, str]:
    runner = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"})
    result = runner.invoke(main, [command, *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_list_names_every_genotype() -> None:
    code, stdout, stderr = run("list")

    rows = {line.split()[0]: " ".join(line.split()) for line in stdout.splitlines() if line.strip()}
    assert (code, stderr) == (0, "")
    assert set(zoo()) <= set(rows)
    assert rows["unet"] == "unet uxnet 3-D 4 6.12 M 53.5 G U-Net with summed skips"


def test_the_list_as_json_has_the_numbers() -> None:
    _, stdout, _ = run("list", "--json")

    rows = {row["name"]: row for row in json.loads(stdout)}
    assert list(rows) == list(zoo())
    assert rows["unet"]["params"] == overview(resolve("zoo:unet")).params
    assert rows["unet2d"]["spatial_dims"] == 2


def test_show_shows_what_uxnet_show_shows() -> None:
    assert run("show", "dla") == run("zoo:dla", command="show")
    assert run("show", "dla", "--json", "--size", "32x32x32") == run(
        "zoo:dla", "--json", "--size", "32x32x32", command="show"
    )


def test_a_copy_is_the_bundled_document(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"

    code, stdout, _ = run("copy", "unetpp", str(path))

    assert (code, stdout) == (0, f"{path}: unetpp, {load(path).id[:12]}\n")
    assert path.read_text() == zoo()["unetpp"].document.read_text()


def test_a_copy_is_fitted_to_the_data(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"

    code, _, _ = run(
        "copy",
        "unet",
        str(path),
        *("--in-channels", "4", "--out-channels", "3"),
        *("--widths", "8,8,16,16", "--strides", "1x1x1,1x2x2,2x2x2,2x2x2"),
    )

    assert code == 0
    assert load(path) == fit(
        resolve("zoo:unet"),
        in_channels=4,
        out_channels=3,
        widths=(8, 8, 16, 16),
        strides=((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2)),
    )


def test_a_file_is_overwritten_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    path.write_text("mine")

    code, stdout, stderr = run("copy", "unet", str(path))

    assert (code, stdout) == (1, "")
    assert stderr == f"{path}: exists already; --force overwrites it\n"
    assert path.read_text() == "mine"
    assert run("copy", "unet", str(path), "--force")[0] == 0
    assert load(path) == resolve("zoo:unet")


def test_a_frame_that_does_not_fit_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"

    code, _, stderr = run("copy", "unet", str(path), "--widths", "8,8")

    assert (code, stderr) == (1, "unet: space.options: 2 widths, but 4 strides\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--widths", "8;16"),
        ("--widths", "0,8"),
        ("--strides", "1,2"),
        ("--strides", "1x1x1x1"),
        ("--out-channels", "1"),
    ],
)
def test_what_is_no_frame_is_a_usage_error(arguments: tuple[str, str], tmp_path: Path) -> None:
    code, _, stderr = run("copy", "unet", str(tmp_path / "copy.json"), *arguments)

    assert code == 2
    assert f"Invalid value for '{arguments[0]}'" in stderr


def test_an_unknown_name_is_one_line() -> None:
    assert run("show", "unte") == (
        1,
        "",
        "no genotype of the zoo is called 'unte'; did you mean 'unet'?\n",
    )
