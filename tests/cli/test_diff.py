"""`uxnet diff` as people call it."""

from __future__ import annotations

import errno
import json
import os
import shutil
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


@pytest.mark.parametrize("suffix", ["txt", "json", "md", "html", "svg", "gv", "pdf", "png"])
def test_the_suffix_of_a_file_says_what_to_make(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"d.{suffix}"
    if suffix in ("pdf", "png") and shutil.which("dot") is None:
        pytest.skip("needs the program dot: apt-get install graphviz")

    code, stdout, stderr = run("zoo:unet", "zoo:unetpp", "-o", str(file))

    assert (code, stdout, stderr) == (1, f"{file}\n", "")
    starts = {
        "txt": b"- zoo:unet  ",
        "json": b"{",
        "md": b"**Different architectures**",
        "html": b"<!doctype html>",
        "svg": b"<svg ",
        "gv": b"digraph ",
        "pdf": b"%PDF",
        "png": b"\x89PNG",
    }
    assert file.read_bytes().startswith(starts[suffix])


@pytest.mark.parametrize("name", ["text", "json", "markdown", "html", "svg", "gv"])
def test_every_text_goes_to_stdout_as_to_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"d.{name}"
    if name in ("svg", "gv"):
        run("zoo:unet", "zoo:unetpp", "-o", str(file))
    else:
        run("zoo:unet", "zoo:unetpp", "--format", name, "-o", str(file))

    code, stdout, _ = run("zoo:unet", "zoo:unetpp", "--format", name)

    assert code == 1
    assert stdout == file.read_text()


def test_a_drawing_has_a_theme() -> None:
    drawn = [
        run("zoo:unet", "zoo:dla", "--format", "svg", "--theme", t)[1] for t in ("paper", "dark")
    ]

    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("zoo:unet",), "give two genotypes, A and B; these are 1"),
        (("zoo:unet", "zoo:dla", "zoo:unet"), "give two genotypes, A and B; these are 3"),
        (("zoo:unet", "zoo:dla", "--format", "png"), "say where to write the png: -o FILE.png"),
        (("zoo:unet", "zoo:dla", "-o", "d.bmp"), "say which --format to write, or use .txt, "),
        (("zoo:unet", "zoo:dla", "-o", "d.svg", "--format", "png"), "give the drawing the suffix"),
        (("--git", "a", "b"), "--git is for git alone"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...], told: str) -> None:
    code, stdout, stderr = run(*arguments)

    assert (code, stdout) == (2, "")
    assert told in stderr


def test_what_cannot_be_written_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    code, _, stderr = run("zoo:unet", "zoo:dla", "-o", str(tmp_path / "file" / "d.html"))

    assert code == 2
    assert stderr.count("\n") == 1


def test_without_graphviz_the_drawing_is_written_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    code, _, stderr = run("zoo:unet", "zoo:dla", "-o", str(tmp_path / "d.png"))

    assert code == 2
    assert "needs the program Graphviz" in stderr
    assert (tmp_path / "d.gv").read_text().startswith("digraph ")


def test_a_terminal_gets_colours_unless_nobody_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31m- zoo:unet" in run("zoo:unet", "zoo:dla")[1]

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in run("zoo:unet", "zoo:dla")[1]


def test_a_file_that_cannot_even_be_looked_for_ends_with_2() -> None:
    code, stdout, stderr = run("x" * 300, "zoo:unet")

    assert (code, stdout) == (2, "")
    assert stderr.count("\n") == 1


def test_a_full_disk_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("uxnet_compiler.cli.commands.diff._print", full)

    assert run("zoo:unet", "zoo:unet") == (2, "", "No space left on device\n")
