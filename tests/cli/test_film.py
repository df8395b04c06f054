"""`uxnet film` and `uxnet render --supernet` as people call them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageSequence
from searches import uxnet_space, write_search

from uxnet_compiler.cli.main import main


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def search(tmp_path: Path) -> Path:
    return write_search(tmp_path / "run", steps=20, frame=uxnet_space(2))


@pytest.mark.skipif(shutil.which("neato") is None, reason="needs the program Graphviz")
def test_the_film_of_a_search_is_written_and_named(search: Path, tmp_path: Path) -> None:
    out = tmp_path / "film.gif"

    code, stdout, stderr = run("film", str(search), "-o", str(out), "--seconds", "1")

    assert (code, stdout) == (0, f"{out}\n")
    assert "drawing 3 frames" in stderr
    with Image.open(out) as moving:
        assert len(list(ImageSequence.Iterator(moving))) == 3


def test_a_run_that_is_no_search_is_one_line(tmp_path: Path) -> None:
    code, stdout, stderr = run("film", str(tmp_path), "-o", str(tmp_path / "film.gif"))

    assert (code, stdout) == (1, "")
    assert stderr == f"{tmp_path}: not a run folder (no config.json in it)\n"


def test_a_film_has_a_format(search: Path) -> None:
    code, _, stderr = run("film", str(search), "-o", "film.mp4")

    assert code == 1
    assert stderr == "film.mp4: no moving picture is .mp4; use .gif or .png\n"


def test_the_supernet_of_a_run_is_drawn(search: Path, tmp_path: Path) -> None:
    out = tmp_path / "supernet.svg"

    assert run("render", str(search), "--supernet", "-o", str(out)) == (0, f"{out}\n", "")
    assert "conv5 dilated" in out.read_text(encoding="utf-8")


def test_a_supernet_has_one_detail(search: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "supernet.svg")

    code, _, stderr = run("render", str(search), "--supernet", "--pruned", "-o", out)

    assert code == 2
    assert "drop --pruned and --detail" in stderr


def test_a_genotype_without_a_supernet_is_one_line(tmp_path: Path) -> None:
    code, _, stderr = run("render", "zoo:dints", "--supernet", "-o", str(tmp_path / "a.svg"))

    assert code == 1
    assert stderr.startswith("zoo:dints: evidence: missing")
    assert stderr.count("\n") == 1
