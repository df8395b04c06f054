"""`uxnet report` as people call it."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner
from searches import write_search

from uxnet_compiler.cli.main import main


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["report", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_page_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    out = tmp_path / "new" / "it.html"

    code, stdout, _ = run("zoo:unet", "-o", str(out))

    assert (code, stdout) == (0, f"{out}\n")
    assert out.read_text().startswith("<!doctype html>")


def test_the_report_of_a_run_goes_into_its_folder(tmp_path: Path) -> None:
    folder = write_search(tmp_path / "run", steps=20)

    code, stdout, _ = run(str(folder))

    assert (code, stdout) == (0, f"{folder / 'report.html'}\n")
    assert (folder / "report.html").is_file()


def test_the_report_of_several_goes_into_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run("zoo:unet", "zoo:dla")[:2] == (0, "report.html\n")
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize(("found", "told"), [(True, ""), (False, "no browser was found here")])
def test_the_page_opens_in_the_browser(
    found: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def show(uri: str) -> bool:
        opened.append(uri)
        return found

    monkeypatch.setattr(webbrowser, "open", show)

    code, _, stderr = run("zoo:unet", "-o", str(tmp_path / "it.html"), "--open")

    assert code == 0
    assert opened == [(tmp_path / "it.html").as_uri()]
    assert told in stderr


def test_a_folder_that_is_nothing_is_one_line(tmp_path: Path) -> None:
    code, stdout, stderr = run(str(tmp_path), "-o", str(tmp_path / "it.html"))

    assert (code, stdout, stderr.count("\n")) == (1, "", 1)
    assert "nothing to report" in stderr


def test_a_size_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    code, _, stderr = run("zoo:unet", "--size", "7x7x7", "-o", str(tmp_path / "it.html"))

    assert code == 1
    assert "Traceback" not in stderr
    assert not (tmp_path / "it.html").exists()
