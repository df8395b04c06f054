"""`uxnet gallery` as people call it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner
from strategies import document

from uxnet_compiler.cli.main import main


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["gallery", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def write(path: Path, **changes: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document() | changes))


def test_a_folder_of_genotypes_becomes_a_site(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json")

    code, stdout, stderr = run(tmp_path / "in", "-o", tmp_path / "site")

    assert (code, stdout) == (0, f"{tmp_path}/site/index.html\n")
    assert stderr.splitlines()[0] == "gallery"
    assert "1 architecture" in (tmp_path / "site" / "index.html").read_text()


def test_files_that_are_no_genotypes_are_told_and_the_site_is_made(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json")
    (tmp_path / "in" / "other.json").write_text("{}")

    code, _, stderr = run(tmp_path / "in", "-o", tmp_path / "site")

    assert code == 0
    first, second, *_ = stderr.splitlines()
    assert first.startswith(f"{tmp_path}/in/other.json: ")
    assert second == "1 file is no genotype and left out"
    assert (tmp_path / "site" / "index.html").exists()


def test_a_folder_without_genotypes_is_an_error_of_one_line(tmp_path: Path) -> None:
    code, _, stderr = run(tmp_path, "-o", tmp_path / "site")

    assert (code, stderr) == (1, f"{tmp_path}: no genotype in this folder (*.json)\n")
    assert not (tmp_path / "site").exists()


def test_a_folder_that_holds_other_things_is_refused_before_any_work(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.json")

    code, _, stderr = run(tmp_path / "in", "-o", tmp_path / "in")

    assert code == 1
    assert stderr.startswith(f"{tmp_path}/in: holds a.json, which no gallery wrote")


def test_without_a_folder_and_the_zoo_it_is_a_usage_error(tmp_path: Path) -> None:
    code, _, stderr = run("-o", tmp_path / "site")

    assert code == 2
    assert "name a folder with genotypes, or --zoo" in stderr
